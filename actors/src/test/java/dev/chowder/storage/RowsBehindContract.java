package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which rows are found to be behind the journal; the subclass says on which database. */
abstract class RowsBehindContract {
  @TempDir Path home;
  private TestStorage storage;
  Database database;

  /** Makes an empty one. */
  abstract TestStorage storage(Path home);

  private OrganizationRows rows;

  @BeforeEach
  void open() {
    storage = storage(home);
    database = storage.open();
    rows = new OrganizationRows(database);
  }

  @AfterEach
  void close() {
    database.close();
    storage.close();
  }

  @Test
  void theMissingAndTheOldAreBehindAndTheOthersAreNot() {
    journal("Organization|a", 3);
    journal("Organization|b", 3);
    journal("Organization|c", 3);
    journal("Instance|d", 1);
    row("a", 2);
    row("b", 3);

    assertThat(rows.behind("Organization", 10, Optional.empty())).containsExactly("a", "c");
    assertThat(new InstanceRows(database).behind("Instance", 10, Optional.empty()))
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
      var page = rows.behind("Organization", 5, after);
      found.addAll(page);
      if (page.size() < 5) break;
      after = Optional.of(page.getLast());
    }

    assertThat(found).isEqualTo(all);
  }

  private void journal(String persistenceId, int events) {
    database
        .jdbi()
        .useHandle(
            handle -> {
              for (int n = 1; n <= events; n++) {
                handle.execute(
                    "INSERT INTO \"event_journal\" (\"persistence_id\", \"sequence_number\","
                        + " \"writer\", \"write_timestamp\", \"adapter_manifest\","
                        + " \"event_ser_id\", \"event_ser_manifest\", \"event_payload\") VALUES"
                        + " (?, ?, '', 0, '', 2, '', ?)",
                    persistenceId,
                    n,
                    new byte[1]);
              }
            });
  }

  private void row(String id, int revision) {
    rows.upsert(new OrganizationRow(id, revision, "n", "crab", 0, ByteString.EMPTY));
  }
}
