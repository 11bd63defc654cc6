package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Uses an H2 file. */
class InstanceRowsTest extends InstanceRowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }

  @Test
  void aPageIsReadInTheOrderOfAnIndex() {
    assertThat(plan(InstanceFilter.ALL)).contains("INSTANCES_LISTED:").contains("index sorted");
    assertThat(plan(status("running")))
        .contains("INSTANCES_LISTED_BY_STATUS:")
        .contains("index sorted");
  }
}
