package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** On a file of H2. */
class RowsBehindTest extends RowsBehindContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }

  @Test
  void aLookKeepsNoGroupsInMemory() {
    var plan =
        database
            .jdbi()
            .withHandle(
                handle ->
                    handle
                        .createQuery("EXPLAIN " + RowsBehind.HEADS)
                        .bind("from", 14)
                        .bind("after", "Organization|")
                        .bind("end", "Organization}")
                        .mapTo(String.class)
                        .one());
    assertThat(plan).contains("group sorted");
  }
}
