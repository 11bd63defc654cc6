package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Uses an H2 file. */
class InstanceRowsTest extends InstanceRowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }

  @Test
  void aPageIsReadInTheOrderOfAnIndex() {
    for (var plan : List.of(plan(InstanceFilter.ALL), planOfFirstPage(InstanceFilter.ALL))) {
      assertThat(plan).contains("INSTANCES_LISTED:").contains("index sorted");
    }
    for (var plan : List.of(plan(status("running")), planOfFirstPage(status("running")))) {
      assertThat(plan).contains("INSTANCES_LISTED_BY_STATUS:").contains("index sorted");
    }
  }

  @Test
  void unlistedInstancesAreFoundInAnIndex() {
    // Both indexes with the position contain few such rows.
    assertThat(planOfUnlisted("stopped"))
        .containsPattern("INSTANCES_LISTED(_BY_STATUS)?: [^/]*POSITION = ''");
  }

  @Test
  void theNewestInstancesAreReadInTheOrderOfIds() {
    assertThat(planOfNewestSince()).containsPattern("PRIMARY_KEY_.: ID >").contains("index sorted");
  }
}
