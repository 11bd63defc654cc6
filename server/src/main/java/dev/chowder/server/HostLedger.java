package dev.chowder.server;

import static dev.chowder.actor.ErrorText.cannot;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongPredicate;

/**
 * Counts the gateways that were admitted on this host in each of the last seconds. The nodes of the
 * host share the file, so each counts the others' admissions, even those of a crashed node. Does
 * not know memory sizes.
 */
final class HostLedger {
  /** An entry consists of a second and a count. */
  private static final int ENTRY_BYTES = 2 * Long.BYTES;

  /** Far more than one entry per second of a boot; a longer file cannot be a ledger. */
  private static final long MAX_BYTES = 1 << 20;

  private final Path file;
  private final long keptSeconds;

  /**
   * Creates the ledger without opening its file.
   *
   * @param kept how long an entry counts
   */
  HostLedger(Path file, Duration kept) {
    this.file = file;
    this.keptSeconds = kept.toSeconds() + 1;
  }

  /**
   * Adds an admission if {@code fits} accepts the current count; returns whether it did. Check and
   * addition are atomic across all nodes of the host.
   */
  synchronized boolean add(Instant now, LongPredicate fits) {
    long second = now.getEpochSecond();
    // A file lock belongs to the process; `synchronized` excludes its other threads.
    try (var channel = open();
        var _ = channel.lock()) {
      var entries = read(channel);
      // An entry in the future was written before the clock was set back.
      entries.keySet().removeIf(s -> s <= second - keptSeconds || s > second + keptSeconds);
      if (!fits.test(entries.values().stream().mapToLong(Long::longValue).sum())) return false;
      entries.merge(second, 1L, Long::sum);
      write(channel, entries);
      return true;
    } catch (IOException why) {
      throw unusable(why);
    }
  }

  /** Removes an admission of this time; does nothing if none counts. */
  synchronized void remove(Instant at) {
    try (var channel = open();
        var _ = channel.lock()) {
      var entries = read(channel);
      entries.computeIfPresent(at.getEpochSecond(), (_, count) -> count > 1 ? count - 1 : null);
      write(channel, entries);
    } catch (IOException why) {
      throw unusable(why);
    }
  }

  private UncheckedIOException unusable(IOException why) {
    return new UncheckedIOException(
        cannot("count gateways on this host", "the file " + file.getFileName() + " is unusable"),
        why);
  }

  private FileChannel open() throws IOException {
    return FileChannel.open(
        file,
        Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
  }

  private static Map<Long, Long> read(FileChannel channel) throws IOException {
    var bytes = ByteBuffer.allocate((int) Math.min(channel.size(), MAX_BYTES));
    while (channel.read(bytes, bytes.position()) > 0) {
      // A read may return fewer bytes than are available.
    }
    bytes.flip();
    var entries = new TreeMap<Long, Long>();
    while (bytes.remaining() >= ENTRY_BYTES) entries.put(bytes.getLong(), bytes.getLong());
    return entries;
  }

  private static void write(FileChannel channel, Map<Long, Long> entries) throws IOException {
    var bytes = ByteBuffer.allocate(entries.size() * ENTRY_BYTES);
    entries.forEach((second, number) -> bytes.putLong(second).putLong(number));
    bytes.flip();
    while (bytes.hasRemaining()) channel.write(bytes, bytes.position());
    channel.truncate(bytes.capacity());
  }
}
