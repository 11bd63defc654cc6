package dev.chowder.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A locked file with the name under which this process is recorded as a member. The kernel releases
 * the lock whenever the process ends, so a node that gets the lock knows that the process named in
 * the file is dead.
 */
final class MemberFile implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MemberFile.class);

  /** A name is a UUID. */
  private static final int MAX_BYTES = 64;

  private final Optional<FileChannel> file;
  private final Optional<String> predecessor;

  private MemberFile(Optional<FileChannel> file, Optional<String> predecessor) {
    this.file = file;
    this.predecessor = predecessor;
  }

  /** Locks the file. If that is impossible, nothing is known of a predecessor. */
  static MemberFile lock(Path path) {
    try {
      Files.createDirectories(
          path.toAbsolutePath().getParent(),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      var channel =
          FileChannel.open(
              path,
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      if (isLocked(channel)) return new MemberFile(Optional.of(channel), read(channel));
      channel.close();
      LOG.info("{} is locked by another process", path);
    } catch (IOException | OverlappingFileLockException why) {
      LOG.info("{} is not usable: {}", path, why.toString());
    }
    return new MemberFile(Optional.empty(), Optional.empty());
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (IOException | OverlappingFileLockException why) {
      channel.close();
      throw why;
    }
  }

  private static Optional<String> read(FileChannel channel) throws IOException {
    var bytes = ByteBuffer.allocate(MAX_BYTES);
    while (channel.read(bytes, bytes.position()) > 0) {
      // A read may return fewer bytes than there are.
    }
    var name = new String(bytes.array(), 0, bytes.position(), UTF_8).strip();
    return Optional.of(name).filter(text -> !text.isEmpty());
  }

  /** The process that locked this file before; empty if none is known. */
  Optional<String> predecessor() {
    return predecessor;
  }

  /** Replaces the name in the file, for the next process that locks it. */
  void write(String node) {
    if (file.isEmpty()) return;
    try {
      file.get().truncate(0);
      file.get().write(ByteBuffer.wrap(node.getBytes(UTF_8)), 0);
    } catch (IOException why) {
      LOG.warn("cannot write the member's file: {}; a start after a crash waits", why.toString());
    }
  }

  @Override
  public void close() {
    try {
      if (file.isPresent()) file.get().close();
    } catch (IOException why) {
      LOG.info("closed the member's file with {}", why.toString());
    }
  }
}
