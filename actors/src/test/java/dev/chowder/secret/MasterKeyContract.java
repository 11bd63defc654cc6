package dev.chowder.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.storage.Database;
import dev.chowder.storage.TestStorage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a key is made, taken and refused; the subclass says on which database. */
abstract class MasterKeyContract {
  private static final Secret SOME_KEY =
      Secret.of(Base64.getEncoder().encodeToString(new byte[32]));

  @TempDir Path home;
  private TestStorage storage;
  Database database;

  /** Makes an empty one. */
  abstract TestStorage storage(Path home);

  @BeforeEach
  void open() {
    storage = storage(home);
    database = storage.open();
  }

  @AfterEach
  void close() {
    database.close();
    storage.close();
  }

  @Test
  void aKeyIsMadeForAnEmptyDatabaseAndForItsOwnerOnly() throws Exception {
    MasterKey.open(fromFile(), database);
    assertThat(Base64.getDecoder().decode(Files.readString(keyFile()).strip())).hasSize(32);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keyFile())))
        .isEqualTo("rw-------");
    assertThat(home).isDirectoryNotContaining("glob:**.new");
  }

  @Test
  void theSameKeyOpensTheSameDatabaseAgain() {
    new SecretStore(MasterKey.open(fromFile(), database), database)
        .put("o", "n", Secret.of("value"));
    assertThat(new SecretStore(MasterKey.open(fromFile(), database), database).get("o", "n"))
        .contains(Secret.of("value"));
  }

  @Test
  void anotherKeyIsRefusedInOneSentence() {
    MasterKey.open(fromFile(), database);
    assertThatThrownBy(() -> MasterKey.open(fromVariable(SOME_KEY), database))
        .isInstanceOf(MasterKeyException.class)
        .hasMessage("master key: another one (expected: the one that this database was made with)");
  }

  @Test
  void aLostKeyIsNeverMadeAnew() throws Exception {
    MasterKey.open(fromFile(), database);
    Files.delete(keyFile());
    assertThatThrownBy(() -> MasterKey.open(fromFile(), database))
        .isInstanceOf(MasterKeyException.class)
        .hasMessageStartingWith("master key: none (expected: ");
    assertThat(keyFile()).doesNotExist();
  }

  @Test
  void secretsWithoutACheckValueAreRefused() {
    MasterKey key = MasterKey.open(fromFile(), database);
    new SecretStore(key, database).put("o", "n", Secret.of("value"));
    database.jdbi().useHandle(handle -> handle.execute("DELETE FROM secret_check"));
    assertThatThrownBy(() -> MasterKey.open(fromFile(), database))
        .isInstanceOf(MasterKeyException.class)
        .hasMessageStartingWith("database: secrets without a check value");
  }

  @Test
  void aFileThatOthersMayReadIsRefused() throws Exception {
    MasterKey.open(fromFile(), database);
    for (String mode : new String[] {"rw-r-----", "rw----r--", "rw--w----"}) {
      Files.setPosixFilePermissions(keyFile(), PosixFilePermissions.fromString(mode));
      assertThatThrownBy(() -> MasterKey.open(fromFile(), database))
          .isInstanceOf(MasterKeyException.class)
          .hasMessageStartingWith("master key file: mode " + mode + " (expected: rw-------)");
    }
  }

  @Test
  void aMalformedKeyIsRefusedWithoutBeingQuoted() {
    for (String text : new String[] {"not base64 at all!", "c2hvcnQ=", "x".repeat(44)}) {
      assertThatThrownBy(() -> MasterKey.open(fromVariable(Secret.of(text)), database))
          .isInstanceOf(MasterKeyException.class)
          .hasMessage("master key: malformed (expected: 32 bytes in base64)")
          .hasNoCause();
    }
  }

  @Test
  void theVariableGoesBeforeTheFile() {
    SecretSettings settings =
        SecretSettings.from(storage.config(), Map.of("CHOWDER_MASTER_KEY", SOME_KEY.reveal()));
    MasterKey.open(settings, database);
    assertThat(settings.masterKeyFile()).isEqualTo(keyFile());
    assertThat(keyFile()).doesNotExist();
    assertThat(settings.toString()).doesNotContain(SOME_KEY.reveal());
    MasterKey.open(settings, database);
  }

  private Path keyFile() {
    return home.resolve("master.key");
  }

  private SecretSettings fromFile() {
    return SecretSettings.from(storage.config(), Map.of());
  }

  private SecretSettings fromVariable(Secret key) {
    return new SecretSettings(keyFile(), Optional.of(key));
  }
}
