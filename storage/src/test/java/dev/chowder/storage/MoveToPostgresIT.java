package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MoveToPostgresIT {
  private static final OrganizationRow ROW =
      new OrganizationRow("o", 3, "n", "crab", "active", 2, ByteString.EMPTY);

  @TempDir Path home;

  @Test
  void afterAMoveAllRowsAreInPostgresqlAndNoNodeStartsOnTheFile() throws Exception {
    TestStorage file = TestStorage.h2(home.resolve("old"));
    try (Database database = file.open()) {
      new OrganizationRows(database).upsert(ROW);
    }
    try (TestStorage postgres = TestStorage.postgres(home.resolve("new"))) {
      DatabaseTransfer.move(file.settings(), postgres.settings());

      try (Database database = postgres.open()) {
        assertThat(new OrganizationRows(database).list(10, Optional.empty())).containsExactly(ROW);
      }
      assertThatThrownBy(file::open)
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("CHOWDER_STORAGE_URL=" + postgres.settings().url());
      assertThatThrownBy(() -> DatabaseTransfer.move(file.settings(), postgres.settings()))
          .hasMessageContaining("moved");
    }
    Files.delete(file.settings().directory().resolve("moved-to"));
    try (Database database = file.open()) {
      assertThat(new OrganizationRows(database).get("o")).contains(ROW);
    }
  }

  @Test
  void aMoveFromPostgresqlToH2IsRejected() {
    TestStorage file = TestStorage.h2(home.resolve("old"));
    try (TestStorage postgres = TestStorage.postgres(home.resolve("new"))) {
      assertThatThrownBy(() -> DatabaseTransfer.move(postgres.settings(), file.settings()))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("from POSTGRESQL to H2");
    }
  }
}
