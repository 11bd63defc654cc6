package dev.chowder.server.file;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * The limits of {@code FileService}; {@code reference.conf} says what each is by default.
 *
 * @param maxContentBytes of a file that is read or written as text in one message
 * @param maxFolderEntries of a folder that is listed
 * @param maxFileBytes of a file that is uploaded
 * @param maxImportBytes of a tar
 * @param maxImportEntries of a tar
 * @param patience how long a transfer may stall
 * @param minUploadBytes bytes of an upload or import that must arrive in each {@code patience}
 * @param droppedBytes bytes of a rejected upload that are read before the rejection is sent
 * @param maxOpen files being read or written at once, on this node
 */
public record FileSettings(
    int maxContentBytes,
    int maxFolderEntries,
    long maxFileBytes,
    long maxImportBytes,
    int maxImportEntries,
    Duration patience,
    long minUploadBytes,
    long droppedBytes,
    int maxOpen) {
  /** Reads {@code chowder.files}. */
  public static FileSettings of(Config root) {
    var c = root.getConfig("chowder.files");
    return new FileSettings(
        Math.toIntExact(c.getBytes("max-content-bytes")),
        c.getInt("max-folder-entries"),
        c.getBytes("max-file-bytes"),
        c.getBytes("max-import-bytes"),
        c.getInt("max-import-entries"),
        c.getDuration("patience"),
        c.getBytes("min-upload-bytes"),
        c.getBytes("dropped-bytes"),
        c.getInt("max-open"));
  }
}
