package dev.chowder.admission;

import static dev.chowder.base.ErrorText.cannot;

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
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts the gateways that were admitted on this host in each of the last seconds, by what they
 * need memory for. The nodes of the host share the file, so each counts the others' admissions,
 * even those of a crashed node. Does not know memory sizes.
 */
final class HostLedger {
  private static final Logger LOG = LoggerFactory.getLogger(HostLedger.class);

  /** An entry consists of a second and a count of each kind. */
  private static final int ENTRY_BYTES = 3 * Long.BYTES;

  /** Far more than one entry per second of a boot; a longer file cannot be a ledger. */
  private static final long MAX_BYTES = 1 << 20;

  private final Path file;
  private final long keptSeconds;

  /** The reason for which a gateway needs memory. */
  enum Kind {
    BOOT,
    /** It reads its memory back from swap, to wake or to end. */
    READ_BACK
  }

  /** Numbers of gateways, never negative. */
  record Counts(long boots, long readBacks) {
    static final Counts NONE = new Counts(0, 0);

    private Counts plus(Counts other) {
      return new Counts(boots + other.boots, readBacks + other.readBacks);
    }

    private Counts changed(Kind kind, int by) {
      return switch (kind) {
        case BOOT -> new Counts(Math.max(0, boots + by), readBacks);
        case READ_BACK -> new Counts(boots, Math.max(0, readBacks + by));
      };
    }
  }

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
   * Adds an admission if {@code fits} accepts the current counts; returns whether it did. Check and
   * addition are atomic across all nodes of the host.
   */
  synchronized boolean add(Instant now, Kind kind, Predicate<Counts> fits) {
    long second = now.getEpochSecond();
    // A file lock belongs to the process; `synchronized` excludes its other threads.
    try (var channel = open();
        var _ = channel.lock()) {
      var entries = read(channel);
      // An entry in the future was written before the clock was set back.
      entries.keySet().removeIf(s -> s <= second - keptSeconds || s > second + keptSeconds);
      if (!fits.test(entries.values().stream().reduce(Counts.NONE, Counts::plus))) return false;
      entries.put(second, entries.getOrDefault(second, Counts.NONE).changed(kind, 1));
      write(channel, entries);
      return true;
    } catch (IOException why) {
      throw new UncheckedIOException(
          cannot("count gateways on this host", "the file " + file.getFileName() + " is unusable"),
          why);
    }
  }

  /**
   * Removes an admission of this time; does nothing if none counts. If that fails, the admission
   * counts until it is old.
   */
  synchronized void remove(Instant at, Kind kind) {
    // An interrupted thread could not lock the file. A start interrupts the end of its sleeper, for
    // example, which then gives its reservation back.
    boolean interrupted = Thread.interrupted();
    try (var channel = open();
        var _ = channel.lock()) {
      var entries = read(channel);
      entries.computeIfPresent(at.getEpochSecond(), (_, counts) -> counts.changed(kind, -1));
      write(channel, entries);
    } catch (IOException why) {
      LOG.warn("event=admission-not-removed file={} why={}", file.getFileName(), why.toString());
    } finally {
      if (interrupted) Thread.currentThread().interrupt();
    }
  }

  private FileChannel open() throws IOException {
    return FileChannel.open(
        file,
        Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
  }

  private static Map<Long, Counts> read(FileChannel channel) throws IOException {
    var bytes = ByteBuffer.allocate((int) Math.min(channel.size(), MAX_BYTES));
    while (channel.read(bytes, bytes.position()) > 0) {
      // A read may return fewer bytes than are available.
    }
    bytes.flip();
    var entries = new TreeMap<Long, Counts>();
    while (bytes.remaining() >= ENTRY_BYTES) {
      entries.put(bytes.getLong(), new Counts(bytes.getLong(), bytes.getLong()));
    }
    return entries;
  }

  private static void write(FileChannel channel, Map<Long, Counts> entries) throws IOException {
    var bytes = ByteBuffer.allocate(entries.size() * ENTRY_BYTES);
    entries.forEach(
        (second, counts) ->
            bytes.putLong(second).putLong(counts.boots()).putLong(counts.readBacks()));
    bytes.flip();
    while (bytes.hasRemaining()) channel.write(bytes, bytes.position());
    channel.truncate(bytes.capacity());
  }
}
