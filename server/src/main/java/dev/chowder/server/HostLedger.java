package dev.chowder.server;

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
 * How many gateways were let in on this host in each of the last seconds, in a file that its nodes
 * share: each counts what the others let in, also a node that died since. Knows nothing of memory.
 */
final class HostLedger {
  /** A second and a number. */
  private static final int ENTRY_BYTES = 2 * Long.BYTES;

  /** Far more than there are seconds in a boot; what is longer is no ledger. */
  private static final long MAX_BYTES = 1 << 20;

  private final Path file;
  private final long keptSeconds;

  /**
   * Opens nothing yet.
   *
   * @param kept how long an entry counts
   */
  HostLedger(Path file, Duration kept) {
    this.file = file;
    this.keptSeconds = kept.toSeconds() + 1;
  }

  /**
   * Adds one, if {@code fits} says so of the number of those that count; no other node adds one in
   * between.
   */
  synchronized boolean add(Instant now, LongPredicate fits) {
    long second = now.getEpochSecond();
    // The lock of a file is the process's, so threads are kept apart by `synchronized`.
    try (var channel = open();
        var _ = channel.lock()) {
      var entries = read(channel);
      // One from the future was written before the clock was set back.
      entries.keySet().removeIf(s -> s <= second - keptSeconds || s > second + keptSeconds);
      if (!fits.test(entries.values().stream().mapToLong(Long::longValue).sum())) return false;
      entries.merge(second, 1L, Long::sum);
      write(channel, entries);
      return true;
    } catch (IOException why) {
      throw new UncheckedIOException("host ledger: " + file.getFileName() + " not usable", why);
    }
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
      // A read may bring less than there is.
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
