package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StorageSettingsTest {
  @TempDir Path home;

  @Test
  void theUrlChoosesTheDatabase() {
    assertThat(StorageSettings.from(TestStorage.config(home)).dialect()).isEqualTo(Dialect.H2);
    assertThat(StorageSettings.from(on("jdbc:postgresql://db:5432/chowder")).dialect())
        .isEqualTo(Dialect.POSTGRESQL);
  }

  @Test
  void anUnsupportedDatabaseIsRejected() {
    assertThatThrownBy(() -> StorageSettings.from(on("jdbc:mysql://db/chowder")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("chowder.storage.url: ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://db/chowder?user=me&password=canary",
        "jdbc:postgresql://db/chowder?PASSWORD=canary",
        "jdbc:postgresql://me:canary@db/chowder",
        "jdbc:h2:file:/x/chowder;USER=me;PASSWORD=canary"
      })
  void theErrorOfAUrlWithAPasswordDoesNotQuoteIt(String url) {
    assertThatThrownBy(() -> StorageSettings.from(on(url)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("chowder.storage.url: ")
        .hasMessageNotContaining("canary");
  }

  @Test
  void thePasswordComesFromTheVariableOrTheFileAndIsNeverShown() throws Exception {
    Path file = Files.writeString(home.resolve("password"), "from-file\n");
    Config config =
        TestStorage.config(home, Map.of("chowder.storage.password-file", file.toString()));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));

    StorageSettings byFile = StorageSettings.from(config, Map.of());
    StorageSettings byVariable =
        StorageSettings.from(config, Map.of("CHOWDER_STORAGE_PASSWORD", "from-variable"));

    assertThat(byFile.password().orElseThrow().reveal()).isEqualTo("from-file");
    assertThat(byVariable.password().orElseThrow().reveal()).isEqualTo("from-variable");
    assertThat(byFile + " " + byVariable).doesNotContain("from-file", "from-variable");
    assertThat(config.root().render()).doesNotContain("from-file");
  }

  @Test
  void aPasswordFileThatOtherUsersMayReadIsRejected() throws Exception {
    Path file = Files.writeString(home.resolve("password"), "canary");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    Config config =
        TestStorage.config(home, Map.of("chowder.storage.password-file", file.toString()));
    assertThatThrownBy(() -> StorageSettings.from(config, Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("chowder.storage.password-file: ")
        .hasMessageContaining("rw-r-----")
        .hasMessageNotContaining("canary");
  }

  private Config on(String url) {
    return TestStorage.config(home, Map.of("chowder.storage.url", url));
  }
}
