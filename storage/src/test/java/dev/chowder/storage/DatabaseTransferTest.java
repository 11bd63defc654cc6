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
}
