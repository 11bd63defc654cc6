package dev.chowder.reconcile;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps space for the database on its disk: a file in the state directory that is deleted when the
 * disk is full. Deleting it gives the database the space that it needs to record failures, and the
 * start of a node the space to open its database. All nodes of a host share the file.
 *
 * @param home the state directory
 * @param bytes size of the file; 0 for none
 */
public record DiskReserve(Path home, long bytes) {
  private static final Logger LOG = LoggerFactory.getLogger(DiskReserve.class);
  private static final int CHUNK_BYTES = 1024 * 1024;

  /** Deletes the file if less than its size is free. */
  public void releaseIfFull() {
    try {
      if (Files.exists(file()) && freeBytes() < bytes) {
        Files.deleteIfExists(file());
        LOG.error("event=disk-reserve-released bytes={}: the disk of {} is full", bytes, home);
      }
    } catch (IOException why) {
      LOG.warn("event=disk-reserve-not-released", why);
    }
  }

  /** Creates the file if it does not exist and {@code minFree} is free without it. */
  void restore(long minFree) {
    try {
      if (bytes == 0 || Files.exists(file()) || freeBytes() < minFree + bytes) return;
      var written = home.resolve("disk-reserve.new");
      try {
        fill(written);
        Files.move(written, file(), StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(written);
      }
    } catch (IOException why) {
      LOG.warn("event=disk-reserve-not-created", why);
    }
  }

  /** Writes each byte, because a file that only has a length takes no space. */
  private void fill(Path file) throws IOException {
    var zeros = ByteBuffer.allocate(CHUNK_BYTES);
    try (var channel =
        FileChannel.open(
            file,
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      while (channel.size() < bytes) {
        zeros.clear().limit((int) Math.min(CHUNK_BYTES, bytes - channel.size()));
        var _ = channel.write(zeros);
      }
      channel.force(true);
    }
  }

  /** Returns the free space of the disk with the state directory. */
  long freeBytes() {
    try {
      return Files.getFileStore(home).getUsableSpace();
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  private Path file() {
    return home.resolve("disk-reserve");
  }
}
