package dev.chowder.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests queries of the history in the journal. The subclass chooses the database. */
abstract class EventRowsContract {
  private static final long NEWEST = Long.MAX_VALUE;

  @TempDir Path home;
  private TestStorage storage;
  private Database database;
  private EventRows rows;

  /** Returns an empty storage. */
  abstract TestStorage storage(Path home);

  /** Returns the directory of its migrations. */
  abstract String dialect();

  @BeforeEach
  void open() {
    storage = storage(home);
    database = storage.open();
    rows = new EventRows(database);
  }

  @AfterEach
  void close() {
    database.close();
    storage.close();
  }

  @Test
  void pagesOfAHistoryAreNewestFirstAndContainEachOwnEventOnce() {
    for (int n = 1; n <= 7; n++) {
      journal("Instance|a", n, JournalTags.of("mine"));
      journal("Instance|b", n, JournalTags.of("theirs"));
      journal("Instance|c", n, JournalTags.of("mine"));
    }
    var found = new ArrayList<String>();
    long before = NEWEST;
    while (true) {
      var page = rows.ofOrganization("mine", before, 4);
      page.forEach(row -> found.add(row.persistenceId() + " " + row.sequenceNumber()));
      if (page.size() < 4) break;
      before = page.getLast().ordering();
    }
    assertThat(found)
        .hasSize(14)
        .doesNotHaveDuplicates()
        .startsWith("Instance|c 7", "Instance|a 7");
    assertThat(found).endsWith("Instance|c 1", "Instance|a 1");
  }

  @Test
  void onlyItsOrganizationReadsTheHistoryOfAnEntity() {
    for (int n = 1; n <= 3; n++) journal("Instance|a", n, JournalTags.of("mine"));
    var page = rows.ofEntity("mine", "Instance|a", NEWEST, 2);
    assertThat(page).extracting(EventRow::sequenceNumber).containsExactly(3L, 2L);
    assertThat(page.getFirst().payload()).isEqualTo(ByteString.copyFrom(new byte[] {3}));
    assertThat(rows.ofEntity("mine", "Instance|a", page.getLast().ordering(), 2))
        .extracting(EventRow::sequenceNumber)
        .containsExactly(1L);
    assertThat(rows.ofEntity("theirs", "Instance|a", NEWEST, 2)).isEmpty();
    assertThat(rows.ofEntity("mine", "Instance|b", NEWEST, 2)).isEmpty();
  }

  @Test
  void eventsFromBeforeHistoriesAreFoundAfterTheMigration() throws IOException {
    journal("Instance|a", 1, "instance-3");
    journal("Organization|mine", 1, "organization-9");
    new InstanceRows(database)
        .upsert(
            new InstanceRow(
                "a",
                "a",
                "mine",
                1,
                "terminated",
                "n",
                Map.of(),
                Instant.EPOCH,
                Instant.EPOCH,
                Optional.of(Instant.EPOCH),
                Optional.empty(),
                false,
                ByteString.EMPTY));
    new OrganizationRows(database)
        .upsert(new OrganizationRow("mine", 1, "n", "crab", "active", 0, ByteString.EMPTY));
    migrateAgain();
    assertThat(rows.ofOrganization("mine", NEWEST, 10))
        .extracting(EventRow::persistenceId)
        .containsExactly("Organization|mine", "Instance|a");
  }

  private void migrateAgain() throws IOException {
    var file = "/db/migration/" + dialect() + "/V5__history.sql";
    try (var sql = Objects.requireNonNull(EventRows.class.getResourceAsStream(file), file)) {
      var script = new String(sql.readAllBytes(), UTF_8);
      database.jdbi().useHandle(handle -> handle.createScript(script).execute());
    }
  }

  private void journal(String persistenceId, int number, String tag) {
    database
        .jdbi()
        .useHandle(
            handle -> {
              handle.execute(
                  "INSERT INTO \"event_journal\" (\"persistence_id\", \"sequence_number\","
                      + " \"writer\", \"write_timestamp\", \"adapter_manifest\","
                      + " \"event_ser_id\", \"event_ser_manifest\", \"event_payload\") VALUES"
                      + " (?, ?, '', 0, '', 2, '', ?)",
                  persistenceId,
                  number,
                  new byte[] {(byte) number});
              handle.execute(
                  "INSERT INTO \"event_tag\" (\"event_id\", \"tag\") SELECT \"ordering\", ? FROM"
                      + " \"event_journal\" WHERE \"persistence_id\" = ? AND"
                      + " \"sequence_number\" = ?",
                  tag,
                  persistenceId,
                  number);
            });
  }
}
