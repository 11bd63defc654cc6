package dev.chowder.secret;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BackupTagTest {
  /** Larger than one buffer, and not a multiple of it. */
  private static final int BACKUP_BYTES = 200_003;

  private static final int TAG_LINE_BYTES = 91;

  @TempDir private Path folder;
  private final String key = key();
  private final byte[] content = new byte[BACKUP_BYTES];
  private Path backup;

  @BeforeEach
  void write() throws IOException {
    new SecureRandom().nextBytes(content);
    backup = Files.write(folder.resolve("backup"), content);
  }

  @Test
  void signingAppendsALineThatNamesTheKey() throws IOException {
    var id = with(key).sign(backup);

    var signed = Files.readAllBytes(backup);
    assertThat(Arrays.copyOf(signed, BACKUP_BYTES)).isEqualTo(content);
    assertThat(new String(signed, BACKUP_BYTES, TAG_LINE_BYTES, US_ASCII))
        .matches("chowder-backup 1 " + id + " [0-9a-f]{64}\n");
    assertThat(new String(signed, US_ASCII)).doesNotContain(key);
    assertThat(with(key).verify(backup, false))
        .isEqualTo("signed by key " + id + " of CHOWDER_MASTER_KEY");
  }

  /**
   * Alters the first, an inner or the last byte, the key's id, or a digit at either end of the tag.
   */
  @ParameterizedTest
  @ValueSource(ints = {0, 99_999, BACKUP_BYTES - 1, -73, -65, -2})
  void anAlteredByteIsRejectedEvenIfUnsignedBackupsAreAccepted(int at) throws IOException {
    with(key).sign(backup);
    var altered = Files.readAllBytes(backup);
    int index = at < 0 ? altered.length + at : at;
    // Another hexadecimal digit, so that the line still looks like a tag.
    altered[index] = (byte) (altered[index] == '0' ? '1' : '0');
    Files.write(backup, altered);

    boolean namesAnotherKey = at == -73;
    rejects(with(key), false, namesAnotherKey ? "which signed it, is not here" : "was altered");
    if (namesAnotherKey) {
      assertThat(with(key).verify(backup, true)).startsWith("not verified");
    } else {
      rejects(with(key), true, "was altered");
    }
  }

  @Test
  void bytesBetweenContentAndTagAreRejected() throws IOException {
    with(key).sign(backup);
    var signed = Files.readAllBytes(backup);
    var longer = Arrays.copyOf(content, signed.length + 1);
    System.arraycopy(signed, BACKUP_BYTES, longer, BACKUP_BYTES + 1, TAG_LINE_BYTES);
    Files.write(backup, longer);

    rejects(with(key), true, "was altered");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, TAG_LINE_BYTES, TAG_LINE_BYTES + 1, BACKUP_BYTES + TAG_LINE_BYTES})
  void aCutBackupHasNoTag(int missing) throws IOException {
    with(key).sign(backup);
    var signed = Files.readAllBytes(backup);
    Files.write(backup, Arrays.copyOf(signed, signed.length - missing));

    rejects(with(key), false, "it has no tag");
  }

  @Test
  void theTagOfAnotherBackupIsRejected() throws IOException {
    with(key).sign(backup);
    var other = content.clone();
    other[7]++;
    var mixed = Arrays.copyOf(other, BACKUP_BYTES + TAG_LINE_BYTES);
    System.arraycopy(Files.readAllBytes(backup), BACKUP_BYTES, mixed, BACKUP_BYTES, TAG_LINE_BYTES);
    Files.write(backup, mixed);

    rejects(with(key), true, "was altered");
  }

  @Test
  void anUnsignedBackupIsAcceptedOnRequestOnly() {
    rejects(with(key), false, "it has no tag");
    assertThat(with(key).verify(backup, true)).startsWith("unsigned");
  }

  @Test
  void aBackupSignedWithAMissingKeyIsAcceptedOnRequestOnly() {
    var id = with(key()).sign(backup);

    rejects(with(key), false, "key " + id + ", which signed it, is not here");
    assertThat(with(key).verify(backup, true))
        .isEqualTo("not verified: key " + id + ", which signed it, is not here");
  }

  @Test
  void aBackupFromBeforeARotationIsVerifiedDuringAndAfterIt() throws IOException {
    var next = key();
    var id = with(key).sign(backup);

    // During a rotation both keys are present, in either order. Afterwards the previous key is kept
    // in a file.
    assertThat(with(key + "\n" + next).verify(backup, false)).contains(id);
    assertThat(with(next + "\n" + key).verify(backup, false)).contains(id);
    rejects(with(next), false, "is not here");
    var kept = keyFile("master.key.until-20261127T000000Z", key);
    assertThat(with(next, kept).verify(backup, false))
        .isEqualTo("signed by key " + id + " of " + kept);
  }

  @Test
  void theFirstKeySigns() {
    var next = key();

    var id = with(next + "\n" + key).sign(backup);

    assertThat(with(next).verify(backup, false)).contains(id);
  }

  @Test
  void aBackupIsSignedWithTheKeyFileOfTheInstallation() throws IOException {
    var tag =
        new BackupTag(new SecretSettings(keyFile("master.key", key), Optional.empty()), List.of());

    var id = tag.sign(backup);

    assertThat(tag.verify(backup, false))
        .isEqualTo("signed by key " + id + " of " + folder.resolve("master.key"));
    assertThat(with(key).verify(backup, false)).contains(id);
  }

  @Test
  void withoutAKeyNothingIsSigned() throws IOException {
    var tag =
        new BackupTag(
            new SecretSettings(folder.resolve("master.key"), Optional.empty()), List.of());

    assertThatThrownBy(() -> tag.sign(backup))
        .isInstanceOf(MasterKeyException.class)
        .hasMessageContaining("cannot sign the backup: no master key in")
        .hasMessageContaining("--unsigned");
    assertThat(Files.readAllBytes(backup)).isEqualTo(content);
  }

  private void rejects(BackupTag tag, boolean unsignedToo, String why) {
    assertThatThrownBy(() -> tag.verify(backup, unsignedToo))
        .isInstanceOf(StorageException.class)
        .hasMessageStartingWith("cannot restore the backup: ")
        .hasMessageContaining(why);
  }

  private BackupTag with(String keys, Path... more) {
    return new BackupTag(
        new SecretSettings(folder.resolve("none"), Optional.of(Secret.of(keys))), List.of(more));
  }

  private Path keyFile(String name, String text) throws IOException {
    var file = Files.writeString(folder.resolve(name), text + "\n");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  private static String key() {
    var bytes = new byte[32];
    new SecureRandom().nextBytes(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }
}
