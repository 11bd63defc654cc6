package dev.chowder.secret;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.storage.DatabaseTransfer;
import dev.chowder.storage.StorageException;
import dev.chowder.storage.StorageSettings;
import dev.chowder.storage.TableDigest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.function.Consumer;

/**
 * Writes backups of a database and restores them. A backup is signed before its file appears, and
 * verified before its contents are read, unless the caller requests an unsigned one.
 *
 * @param tag signs with the first master key, and verifies with all of its keys
 */
public record SignedBackups(StorageSettings database, BackupTag tag) {
  /**
   * Writes a signed backup of the database, as of one moment.
   *
   * @param file a file that does not exist; written atomically, readable by its owner only
   * @return digests of the copied tables
   * @throws MasterKeyException if there is no key to sign with
   */
  public List<TableDigest> write(Path file) {
    return DatabaseTransfer.backUp(
        database,
        file,
        written -> {
          var _ = tag.sign(written);
        });
  }

  /** Writes a backup without a tag, for use when the master key is not available. */
  public List<TableDigest> writeUnsigned(Path file) {
    return DatabaseTransfer.backUp(database, file, _ -> {});
  }

  /**
   * Restores a backup into the empty database. Works on a copy of the file that only this user can
   * change, so that the verified bytes are the restored ones. The copy is in the folder of the
   * file, so that the caller chooses the disk that it uses.
   *
   * @param unsignedToo whether to accept a backup without a tag, or with a tag of a missing key
   * @param result receives the result of the verification, one sentence for the operator
   * @return digests of the copied tables
   * @throws StorageException if the backup must not or cannot be restored
   */
  public List<TableDigest> restore(Path file, boolean unsignedToo, Consumer<String> result) {
    try {
      var folder =
          Files.createTempDirectory(
              file.toAbsolutePath().getParent(),
              ".chowder-restore-",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      var copy = folder.resolve("backup");
      try {
        Files.copy(file, copy);
        result.accept(tag.verify(copy, unsignedToo));
        return DatabaseTransfer.restore(copy, database);
      } finally {
        Files.deleteIfExists(copy);
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new StorageException(
          cannot(
              "restore the backup",
              e.toString(),
              "use a readable backup in a writable folder with enough space"),
          e);
    }
  }
}
