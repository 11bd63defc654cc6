package dev.chowder.storage;

import static dev.chowder.storage.InstanceRowsContract.row;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the list of the instances of all organizations. The subclass chooses the database. */
abstract class NewestInstancesContract {
  @TempDir Path home;
  private TestStorage storage;
  private Database database;
  private InstanceRows rows;

  /** Returns an empty database. */
  abstract TestStorage storage(Path home);

  @BeforeEach
  void open() {
    storage = storage(home);
    database = storage.open();
    rows = new InstanceRows(database);
    for (int n = 0; n < 6; n++) {
      rows.upsert(
          row("i" + n, n % 2 == 0 ? "even" : "odd", 1, n < 3 ? "running" : "error", "", Map.of()));
    }
  }

  @AfterEach
  void close() {
    database.close();
    storage.close();
  }

  @Test
  void instancesOfAllOrganizationsAreListedNewestFirstByPage() {
    assertThat(ids("", "", 4, "")).containsExactly("i5", "i4", "i3", "i2");
    assertThat(ids("", "", 4, "i2")).containsExactly("i1", "i0");
  }

  @Test
  void instancesAreListedByStatusAndOrganization() {
    assertThat(ids("", "error", 10, "")).containsExactly("i5", "i4", "i3");
    assertThat(ids("even", "", 10, "")).containsExactly("i4", "i2", "i0");
    assertThat(ids("odd", "error", 10, "i5")).containsExactly("i3");
  }

  private List<String> ids(String organization, String status, int limit, String before) {
    return rows.newest(present(organization), present(status), limit, present(before)).stream()
        .map(InstanceRow::id)
        .toList();
  }

  private static Optional<String> present(String text) {
    return Optional.of(text).filter(one -> !one.isEmpty());
  }
}
