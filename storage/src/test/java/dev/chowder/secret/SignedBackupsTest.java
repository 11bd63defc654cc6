package dev.chowder.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.storage.Database;
import dev.chowder.storage.StorageException;
import dev.chowder.storage.TestStorage;
import dev.chowder.storage.Upsert;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests backups of the database files that the server itself writes and restores. */
class SignedBackupsTest {
  private static final int TAG_LINE_BYTES = 91;

  @TempDir private Path folder;
  private final String key = key();
  private final List<String> found = new ArrayList<>();
  private TestStorage source;
  private TestStorage target;
  private Path file;

  @BeforeEach
  void make() {
    source = TestStorage.h2(folder.resolve("source"));
    target = TestStorage.h2(folder.resolve("target"));
    file = folder.resolve("backup.gz");
    try (Database database = source.open()) {
      database.upsert(
          Upsert.into("secrets")
              .key("owner", "o")
              .key("name", "n")
              .set("ciphertext", new byte[] {1, 2, 3}));
    }
  }

  @Test
  void aBackupIsRestoredWithTheKeyThatSignedIt() {
    var written = backups(source, key).write(file);

    assertThat(backups(target, key).restore(file, false, found::add)).isEqualTo(written);
    assertThat(found).singleElement().asString().startsWith("signed by key ");
  }

  @Test
  void aRestoreCopiesTheBackupBesideItself() {
    backups(source, key).write(file);
    var during = new ArrayList<Path>();

    backups(target, key).restore(file, false, _ -> during.addAll(copies()));

    assertThat(during).hasSize(1);
    assertThat(copies()).isEmpty();
  }

  private List<Path> copies() {
    try (var all = Files.list(folder)) {
      return all.filter(one -> one.getFileName().toString().startsWith(".chowder-restore-"))
          .toList();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @Test
  void anUnverifiedBackupIsRestoredOnRequestOnly() {
    backups(source, key()).write(file);
    rejects(file, false, "which signed it, is not here");
    assertThat(backups(target, key).restore(file, true, found::add)).isNotEmpty();
    assertThat(found).singleElement().asString().startsWith("not verified");
    found.clear();

    var unsigned = folder.resolve("unsigned.gz");
    backups(source, key).writeUnsigned(unsigned);
    rejects(unsigned, false, "it has no tag");
  }

  @Test
  void anAlteredBackupIsRejectedAndAForgedOneNeedsTheOperatorsConsent() throws IOException {
    backups(source, key).write(file);
    // The forged backup is complete: only the tag shows that it is not the signed one.
    try (Database database = source.open()) {
      database.upsert(
          Upsert.into("secrets")
              .key("owner", "forger")
              .key("name", "n")
              .set("ciphertext", new byte[] {4}));
    }
    var forged = folder.resolve("forged.gz");
    backups(source, key).writeUnsigned(forged);
    var signed = Files.readAllBytes(file);
    var tag = Arrays.copyOfRange(signed, signed.length - TAG_LINE_BYTES, signed.length);
    var content = Files.readAllBytes(forged);
    Files.write(forged, tag, StandardOpenOption.APPEND);

    rejects(forged, false, "was altered");
    rejects(forged, true, "was altered");
    Files.write(forged, content);
    rejects(forged, false, "it has no tag");
    assertThat(folder.resolve("target").resolve("data")).doesNotExist();
    assertThat(backups(target, key).restore(forged, true, found::add)).isNotEmpty();
    assertThat(found).singleElement().asString().startsWith("unsigned");
  }

  @Test
  void withoutAKeyNothingIsWritten() throws IOException {
    var none =
        new SignedBackups(
            source.settings(),
            new BackupTag(new SecretSettings(folder.resolve("none"), Optional.empty()), List.of()));

    assertThatThrownBy(() -> none.write(file))
        .isInstanceOf(MasterKeyException.class)
        .hasMessageContaining("cannot sign the backup: no master key in");
    try (var left = Files.list(folder)) {
      assertThat(left).containsExactly(folder.resolve("source"));
    }
  }

  private void rejects(Path backup, boolean unsignedToo, String why) {
    assertThatThrownBy(() -> backups(target, key).restore(backup, unsignedToo, found::add))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(why);
    assertThat(found).isEmpty();
  }

  private SignedBackups backups(TestStorage storage, String keys) {
    return new SignedBackups(
        storage.settings(),
        new BackupTag(
            new SecretSettings(folder.resolve("none"), Optional.of(Secret.of(keys))), List.of()));
  }

  private static String key() {
    var bytes = new byte[32];
    new SecureRandom().nextBytes(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }
}
