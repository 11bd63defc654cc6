package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Collections;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the count of the bytes of events. The subclass chooses the database. */
abstract class EventByteRowsContract {
  private static final long DAY = 20_000;

  @TempDir Path home;
  private TestStorage storage;
  private Database database;
  private EventByteRows rows;

  /** Returns an empty database. */
  abstract TestStorage storage(Path home);

  @BeforeEach
  void open() {
    storage = storage(home);
    database = storage.open();
    rows = new EventByteRows(database);
  }

  @AfterEach
  void close() {
    database.close();
    storage.close();
  }

  @Test
  void eachOrganizationHasItsBytesOfADay() {
    assertThat(rows.add("a", DAY, 101, 100)).isFalse();
    assertThat(rows.add("a", DAY, 60, 100)).isTrue();
    assertThat(rows.add("a", DAY, 41, 100)).isFalse();
    assertThat(rows.add("a", DAY, 40, 100)).isTrue();
    assertThat(rows.add("a", DAY, 1, 100)).isFalse();
    assertThat(rows.add("b", DAY, 100, 100)).isTrue();
    assertThat(rows.add("a", DAY + 1, 100, 100)).isTrue();
    // The clock was set back.
    assertThat(rows.add("a", DAY, 1, 100)).isFalse();
    assertThat(rows.add("a", DAY + 2, 1, 100)).isTrue();
  }

  @Test
  void callsAtTheSameTimeAllCount() throws Exception {
    Callable<Boolean> add = () -> rows.add("a", DAY, 10, 100);
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      int added = 0;
      for (var one : callers.invokeAll(Collections.nCopies(20, add))) {
        if (one.get()) added++;
      }
      assertThat(added).isEqualTo(10);
    }
  }
}
