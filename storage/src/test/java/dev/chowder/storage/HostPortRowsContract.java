package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the tables of the host's ports. The subclass chooses the database. */
abstract class HostPortRowsContract {
  private static final Instant NOW = Instant.parse("2026-03-01T10:00:00Z");

  @TempDir Path home;
  private TestStorage storage;
  private Database database;
  private HostPortRows rows;

  /** Returns an empty database. */
  abstract TestStorage storage(Path home);

  @BeforeEach
  void open() {
    storage = storage(home);
    database = storage.open();
    rows = new HostPortRows(database);
  }

  @AfterEach
  void close() {
    database.close();
    storage.close();
  }

  @Test
  void theLastDecisionAboutAPortCounts() {
    rows.decide(11434, true, NOW);
    rows.decide(9092, true, NOW);
    rows.decide(11434, false, NOW.plusSeconds(1));
    assertThat(rows.decisions()).isEqualTo(Map.of(11434, false, 9092, true));
  }

  @Test
  void aPortIsUsedByEachOrganizationOnce() {
    rows.use(11434, "a", NOW);
    rows.use(11434, "b", NOW);
    rows.use(11434, "a", NOW.plusSeconds(1));
    rows.use(1234, "a", NOW);
    assertThat(rows.uses()).isEqualTo(Map.of(11434, Set.of("a", "b"), 1234, Set.of("a")));
  }

  @Test
  void reconcilingAddsFoundUsesAndRemovesOnlyOldOnes() {
    rows.use(11434, "gone", NOW);
    rows.use(11434, "stays", NOW);
    rows.use(1234, "justBegan", NOW.plusSeconds(60));
    var found = Map.of(11434, Set.of("stays"), 9092, Set.of("missing"));

    assertThat(rows.reconcile(found, NOW.plusSeconds(30), NOW.plusSeconds(90))).isTrue();
    assertThat(rows.uses())
        .isEqualTo(
            Map.of(11434, Set.of("stays"), 1234, Set.of("justBegan"), 9092, Set.of("missing")));
    assertThat(rows.reconcile(found, NOW.plusSeconds(30), NOW.plusSeconds(90))).isFalse();

    assertThat(rows.reconcile(Map.of(), NOW.plusSeconds(100), NOW.plusSeconds(100))).isTrue();
    assertThat(rows.uses()).isEmpty();
  }
}
