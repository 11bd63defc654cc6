package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Transfers from H2 to H2. */
class DatabaseTransferTest extends DatabaseTransferContract {
  private static final String FORGET_LAST_MIGRATION =
      """
      DELETE FROM "flyway_schema_history" WHERE "installed_rank" =
      (SELECT MAX("installed_rank") FROM "flyway_schema_history")
      """;

  @Override
  TestStorage source(Path home) {
    return TestStorage.h2(home);
  }

  @Override
  TestStorage target(Path home) {
    return TestStorage.h2(home);
  }

  /** Its data are older than those of the database that it was moved to. */
  @Test
  void aMovedDatabaseIsNotBackedUp(@TempDir Path folder) throws IOException {
    var moved = TestStorage.h2(folder.resolve("moved"));
    moved.open().close();
    Files.writeString(
        moved.settings().directory().resolve("moved-to"), "jdbc:postgresql://db/chowder\n");
    var file = folder.resolve("backup.gz");

    assertThatThrownBy(() -> DatabaseTransfer.backUp(moved.settings(), file, _ -> {}))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("its data were moved")
        .hasMessageContaining("CHOWDER_STORAGE_URL=jdbc:postgresql://db/chowder");
    assertThat(file).doesNotExist();
  }

  /** A migration would take the way back to the older version, which the backup is for. */
  @Test
  void anOlderDatabaseIsNotMigratedByItsBackup(@TempDir Path folder) {
    var older = TestStorage.h2(folder.resolve("older"));
    try (Database database = older.open()) {
      database.jdbi().useHandle(handle -> handle.execute(FORGET_LAST_MIGRATION));
    }
    var file = folder.resolve("backup.gz");

    // The second attempt finds the tables as they were.
    for (int attempt = 0; attempt < 2; attempt++) {
      assertThatThrownBy(() -> DatabaseTransfer.backUp(older.settings(), file, _ -> {}))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("cannot back up the database: it has schema version")
          .hasMessageContaining("back up with the version of Chowder that last used it");
    }
    assertThat(file).doesNotExist();
  }
}
