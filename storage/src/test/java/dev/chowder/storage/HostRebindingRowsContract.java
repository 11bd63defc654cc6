package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.storage.HostRebindingRows.Rebinding;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the table of rebound hosts. The subclass chooses the database. */
abstract class HostRebindingRowsContract {
  private static final Instant NOW = Instant.parse("2026-03-01T10:00:00Z");

  @TempDir Path home;
  private TestStorage storage;
  private Database database;
  private HostRebindingRows rows;

  /** Returns an empty database. */
  abstract TestStorage storage(Path home);

  @BeforeEach
  void open() {
    storage = storage(home);
    database = storage.open();
    rows = new HostRebindingRows(database);
  }

  @AfterEach
  void close() {
    database.close();
    storage.close();
  }

  @Test
  void theLastRebindingOfAHostCounts() {
    rows.put(new Rebinding("docker", "b", "c", NOW));
    rows.put(new Rebinding("docker", "a", "b", NOW));
    rows.put(new Rebinding("docker", "a", "c", NOW.plusSeconds(1)));
    assertThat(rows.all())
        .containsExactly(
            new Rebinding("docker", "a", "c", NOW.plusSeconds(1)),
            new Rebinding("docker", "b", "c", NOW));
  }

  @Test
  void aRemovedRebindingIsOnlyThatOfItsEngine() {
    rows.put(new Rebinding("docker", "a", "b", NOW));
    rows.put(new Rebinding("kubernetes", "a", "b", NOW));
    rows.remove("docker", "a");
    rows.remove("docker", "unknown");
    assertThat(rows.all()).containsExactly(new Rebinding("kubernetes", "a", "b", NOW));
  }
}
