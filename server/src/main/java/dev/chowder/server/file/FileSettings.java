package dev.chowder.server.file;

import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import java.time.Duration;

/**
 * The limits of {@code FileService}; {@code reference.conf} has the defaults.
 *
 * @param maxContentBytes size of a file that is read or written as text in one message
 * @param maxFolderEntries entries of a folder that is listed
 * @param maxFileBytes size of an uploaded file
 * @param maxImportBytes size of an imported tar
 * @param maxImportEntries entries of an imported tar
 * @param stallTimeout how long a transfer may stall
 * @param minUploadBytes bytes of an upload or import that must arrive in each {@code stallTimeout}
 * @param maxDroppedBytes bytes of a rejected upload that are read before the rejection is sent
 * @param endSleepTimeout how long a call waits until a stop is over and a frozen gateway has ended
 * @param maxOpen concurrent calls on this node
 * @param maxHomeBytes size of a home volume; 0 disables the limit
 * @param maxHomeFiles files and folders of a home volume
 */
@Section("chowder.files")
public record FileSettings(
    int maxContentBytes,
    int maxFolderEntries,
    long maxFileBytes,
    long maxImportBytes,
    int maxImportEntries,
    Duration stallTimeout,
    long minUploadBytes,
    long maxDroppedBytes,
    Duration endSleepTimeout,
    int maxOpen,
    @Setting("chowder.disk.max-home-volume-size") long maxHomeBytes,
    @Setting("chowder.disk.max-files") long maxHomeFiles) {}
