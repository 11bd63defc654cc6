package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.storage.ReadModelAudit.JournalRange;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests the comparison of rows with the journal, and its repairs. The subclass chooses the
 * database.
 */
abstract class ReadModelAuditContract {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  @TempDir Path home;
  private TestStorage storage;
  Database database;

  /** Returns an empty storage. */
  abstract TestStorage storage(Path home);

  private OrganizationRows table;
  private ReadModelAudit rows;

  @BeforeEach
  void open() {
    storage = storage(home);
    database = storage.open();
    table = new OrganizationRows(database);
    rows = ReadModelAudit.ofOrganizations(database, "Organization");
  }

  @AfterEach
  void close() {
    database.close();
    storage.close();
  }

  @Test
  void missingAndOldRowsAreStaleAndOthersAreNot() {
    journal("Organization|a", 3);
    journal("Organization|b", 3);
    journal("Organization|c", 3);
    journal("Instance|d", 1);
    row("a", 2);
    row("b", 3);

    assertThat(rows.stale(10, Optional.empty())).containsExactly("a", "c");
    assertThat(ReadModelAudit.ofInstances(database, "Instance").stale(10, Optional.empty()))
        .containsExactly("d");
  }

  @Test
  void pagesCoverEverythingOnce() {
    var all = new ArrayList<String>();
    for (int n = 10; n < 35; n++) {
      journal("Organization|" + n, 2);
      all.add("" + n);
      if (n % 5 == 0) row("" + n, 2);
    }
    all.removeIf(id -> id.endsWith("0") || id.endsWith("5"));

    var found = new ArrayList<String>();
    var after = Optional.<String>empty();
    while (true) {
      var page = rows.stale(5, after);
      found.addAll(page);
      if (page.size() < 5) break;
      after = Optional.of(page.getLast());
    }

    assertThat(found).isEqualTo(all);
  }

  @Test
  void onlyEntitiesWithEventsInAStretchAreFound() {
    journal("Organization|a", 2);
    journal("Organization|b", 2);
    long begin = rows.newest(NOW);
    journal("Organization|c", 2);
    journal("Organization|d", 2);
    journal("Instance|e", 2);
    long end = rows.newest(NOW);
    journal("Organization|f", 1);
    row("b", 2);
    row("d", 2);

    var range = new JournalRange(begin, end);
    assertThat(rows.stale(range, 10, Optional.empty())).containsExactly("c");
    assertThat(rows.stale(new JournalRange(0, end), 1, Optional.of("a"))).containsExactly("c");
    assertThat(ReadModelAudit.ofInstances(database, "Instance").stale(range, 9, Optional.empty()))
        .containsExactly("e");
    assertThat(rows.stale(new JournalRange(end, end), 10, Optional.empty())).isEmpty();
  }

  @Test
  void theNewestOrderingIgnoresEventsAfterTheGivenTime() {
    assertThat(rows.newest(NOW)).isZero();
    journal("Organization|a", 1);
    long old = rows.newest(NOW);
    assertThat(old).isPositive();
    journal("Organization|a", 2, 1, NOW.plusSeconds(1));
    assertThat(rows.newest(NOW)).isEqualTo(old);
    assertThat(rows.newest(NOW.plusSeconds(1))).isGreaterThan(old);
  }

  @Test
  void pagesContainEachIdOfJournalAndTableOnce() {
    for (var id : List.of("a", "c", "d", "f")) journal("Organization|" + id, 2);
    for (var id : List.of("b", "c", "f", "g")) row(id, 2);
    journal("Instance|h", 1);

    var found = new ArrayList<String>();
    var after = Optional.<String>empty();
    while (true) {
      var page = rows.named(2, after);
      found.addAll(page);
      if (page.size() < 2) break;
      after = Optional.of(page.getLast());
    }
    assertThat(found).containsExactly("a", "b", "c", "d", "f", "g");
  }

  @Test
  void aRowWithAFutureRevisionAcceptsTheNextWriteAfterAReset() {
    for (var id : List.of("a", "b", "c")) journal("Organization|" + id, 2);
    row("a", 7);
    row("b", 2);
    row("c", 7);
    row("orphan", 7);
    rows.resetFutureRevisions(Optional.empty(), "b");
    assertThat(table.upsert(organization("a", 2))).isTrue();
    assertThat(table.upsert(organization("b", 1))).isFalse();
    // A row of another page, and a row without an entity.
    assertThat(table.upsert(organization("c", 2))).isFalse();
    assertThat(table.upsert(organization("orphan", 2))).isFalse();
    rows.resetFutureRevisions(Optional.of("b"), "orphan");
    assertThat(table.upsert(organization("c", 2))).isTrue();
  }

  @Test
  void removingARowReportsWhetherItExisted() {
    row("a", 1);
    row("b", 1);
    assertThat(rows.remove("a")).isTrue();
    assertThat(rows.remove("a")).isFalse();
    assertThat(table.get("b")).isPresent();
  }

  private void journal(String persistenceId, int events) {
    journal(persistenceId, 1, events, NOW);
  }

  private void journal(String persistenceId, int first, int events, Instant at) {
    database
        .jdbi()
        .useHandle(
            handle -> {
              for (int n = first; n < first + events; n++) {
                handle.execute(
                    "INSERT INTO \"event_journal\" (\"persistence_id\", \"sequence_number\","
                        + " \"writer\", \"write_timestamp\", \"adapter_manifest\","
                        + " \"event_ser_id\", \"event_ser_manifest\", \"event_payload\") VALUES"
                        + " (?, ?, '', ?, '', 2, '', ?)",
                    persistenceId,
                    n,
                    at.toEpochMilli(),
                    new byte[1]);
              }
            });
  }

  private void row(String id, int revision) {
    table.upsert(organization(id, revision));
  }

  private static OrganizationRow organization(String id, int revision) {
    return new OrganizationRow(id, revision, "n", "crab", "active", 0, ByteString.EMPTY);
  }
}
