package dev.chowder.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.storage.Database;
import dev.chowder.storage.TestStorage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests when a master key is created, accepted and rejected. The subclass chooses the database. */
abstract class MasterKeyContract {
  /**
   * The value "value" of o/n, encrypted with {@link #SOME_KEY} as before Chowder supported several
   * keys.
   */
  private static final String OLD_CIPHERTEXT =
      "010000000163686f776465722d69762d3132f984e9e6983ad978b5a7f9d5861eb874e9de0389";

  private static final Secret SOME_KEY =
      Secret.of(Base64.getEncoder().encodeToString(new byte[32]));

  @TempDir Path home;
  private TestStorage storage;
  Database database;

  /** Returns an empty storage. */
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
  void aKeyFileForItsOwnerOnlyIsCreatedForAnEmptyDatabase() throws Exception {
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
  void anotherKeyIsRejected() {
    MasterKey.open(fromFile(), database);
    assertThatThrownBy(() -> MasterKey.open(fromVariable(SOME_KEY), database))
        .isInstanceOf(MasterKeyException.class)
        .hasMessageContaining("another master key");
  }

  @Test
  void aLostKeyIsNeverCreatedAgain() throws Exception {
    MasterKey.open(fromFile(), database);
    Files.delete(keyFile());
    assertThatThrownBy(() -> MasterKey.open(fromFile(), database))
        .isInstanceOf(MasterKeyException.class)
        .hasMessageContaining(keyFile().toString());
    assertThat(keyFile()).doesNotExist();
  }

  @Test
  void secretsWithoutACheckValueAreRejected() {
    MasterKey key = MasterKey.open(fromFile(), database);
    new SecretStore(key, database).put("o", "n", Secret.of("value"));
    database.jdbi().useHandle(handle -> handle.execute("DELETE FROM secret_check"));
    assertThatThrownBy(() -> MasterKey.open(fromFile(), database))
        .isInstanceOf(MasterKeyException.class)
        .hasMessageContaining("check value");
  }

  @Test
  void aFileThatOtherUsersMayAccessIsRejected() throws Exception {
    MasterKey.open(fromFile(), database);
    for (String mode : new String[] {"rw-r-----", "rw----r--", "rw--w----"}) {
      Files.setPosixFilePermissions(keyFile(), PosixFilePermissions.fromString(mode));
      assertThatThrownBy(() -> MasterKey.open(fromFile(), database))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(keyFile().toString())
          .hasMessageContaining(mode);
    }
  }

  @Test
  void theErrorOfAMalformedKeyDoesNotQuoteIt() {
    for (String text : new String[] {"not base64 at all!", "c2hvcnQ=", "x".repeat(44)}) {
      assertThatThrownBy(() -> MasterKey.open(fromVariable(Secret.of(text)), database))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("master key: ")
          .hasMessageNotContaining(text)
          .hasNoCause();
    }
  }

  @Test
  void theVariableHasPrecedenceOverTheFile() {
    SecretSettings settings =
        SecretSettings.from(storage.config(), Map.of("CHOWDER_MASTER_KEY", SOME_KEY.reveal()));
    MasterKey.open(settings, database);
    assertThat(settings.masterKeyFile()).isEqualTo(keyFile());
    assertThat(keyFile()).doesNotExist();
    assertThat(settings.toString()).doesNotContain(SOME_KEY.reveal());
    MasterKey.open(settings, database);
  }

  @Test
  void aKeyIsRotatedWhileNodesReadAndWrite() throws Exception {
    var here = MasterKey.open(fromFile(), database);
    var there = MasterKey.open(fromFile(), database);
    var one = new SecretStore(here, database);
    var two = new SecretStore(there, database);
    for (int n = 0; n < 250; n++) one.put("owner-" + n, "n", Secret.of("value " + n));
    var previous = Files.readString(keyFile()).strip();
    var next = SOME_KEY.reveal();

    // Every node can decrypt with the next key before any node encrypts with it.
    Files.writeString(keyFile(), previous + "\n" + next + "\n");
    assertThat(here.reload()).isEqualTo(2);
    assertThat(there.reload()).isEqualTo(2);
    Files.writeString(keyFile(), next + "\n" + previous + "\n");
    assertThat(here.reload()).isEqualTo(2);
    one.put("owner-1", "n", Secret.of("written with the next key"));
    assertThat(two.get("owner-1", "n")).contains(Secret.of("written with the next key"));
    two.put("owner-2", "n", Secret.of("written with the previous key"));
    assertThat(there.reload()).isEqualTo(2);

    // The previous key cannot be removed yet.
    Files.writeString(keyFile(), next + "\n");
    assertThatThrownBy(here::reload).isInstanceOf(MasterKeyException.class);
    Files.writeString(keyFile(), next + "\n" + previous + "\n");
    assertThat(one.rewrite()).isEqualTo(249);
    assertThat(one.rewrite()).isZero();

    Files.writeString(keyFile(), next + "\n");
    assertThat(here.reload()).isEqualTo(1);
    assertThat(there.reload()).isEqualTo(1);
    assertThat(two.get("owner-0", "n")).contains(Secret.of("value 0"));
    assertThat(two.get("owner-2", "n")).contains(Secret.of("written with the previous key"));
    assertThatThrownBy(() -> MasterKey.open(fromVariable(Secret.of(previous)), database))
        .isInstanceOf(MasterKeyException.class)
        .hasMessageContaining("another master key");
    assertThat(
            new SecretStore(MasterKey.open(fromFile(), database), database).get("owner-249", "n"))
        .contains(Secret.of("value 249"));
  }

  @Test
  void aCiphertextFromBeforeKeysHadIdsIsDecrypted() {
    // AES-256-GCM under 32 zero bytes, by Tink with the id 1.
    var stored = HexFormat.of().parseHex(OLD_CIPHERTEXT);
    var key = MasterKey.open(fromVariable(SOME_KEY), database);
    new SecretStore(key, database).put("o", "n", Secret.of("x"));
    database
        .jdbi()
        .useHandle(handle -> handle.execute("UPDATE secrets SET ciphertext = ?", stored));
    var store = new SecretStore(key, database);
    assertThat(store.get("o", "n")).contains(Secret.of("value"));
    assertThat(store.rewrite()).isEqualTo(1);
    assertThat(store.get("o", "n")).contains(Secret.of("value"));
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
