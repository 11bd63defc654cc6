package dev.chowder.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A locked file with the name under which this process is recorded as a member. The kernel releases
 * the lock when the process ends, however it ends. A node that gets the lock of the same file from
 * the same kernel knows that the process named in the file is dead.
 *
 * <p>The lock of a copy proves nothing, nor does a lock from another kernel: the process that wrote
 * the original may still run. Therefore the file also contains its own identity and the kernel's
 * boot id. A name is ignored if either differs.
 *
 * @param predecessor name of the dead process that locked this file before; empty if none is known
 *     to be dead
 */
record MemberFile(Path path, Optional<FileChannel> file, Optional<String> predecessor)
    implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MemberFile.class);

  /** Different after each start of the kernel. */
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  /** The name and the boot id are UUIDs, and the key of a file consists of two numbers. */
  private static final int MAX_BYTES = 256;

  /** Locks the file. If that fails, there is no known predecessor. */
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
      if (isLocked(channel)) {
        return new MemberFile(path, Optional.of(channel), predecessor(path, read(channel)));
      }
      channel.close();
      LOG.info("{} is locked by another process", path);
    } catch (IOException | OverlappingFileLockException why) {
      LOG.info("{} is not usable: {}", path, why.toString());
    }
    return new MemberFile(path, Optional.empty(), Optional.empty());
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (IOException | OverlappingFileLockException why) {
      channel.close();
      throw why;
    }
  }

  private static Optional<String> predecessor(Path path, String text) throws IOException {
    if (text.isEmpty()) return Optional.empty();
    var words = text.split(" ", 2);
    var here = identity(path);
    if (here.isPresent() && words.length == 2 && words[1].equals(here.get())) {
      return Optional.of(words[0]);
    }
    LOG.info(
        "{} is a copy, or this machine was restarted: member {}, which it names, is not proven dead,"
            + " and is waited for if it did not leave",
        path,
        words[0]);
    return Optional.empty();
  }

  /**
   * Returns the identity of this file together with the boot id of the kernel; empty if they cannot
   * be determined.
   */
  private static Optional<String> identity(Path path) throws IOException {
    var key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    if (key == null || !Files.isReadable(BOOT_ID)) return Optional.empty();
    return Optional.of(Files.readString(BOOT_ID).strip() + " " + key);
  }

  private static String read(FileChannel channel) throws IOException {
    var bytes = ByteBuffer.allocate(MAX_BYTES);
    while (channel.read(bytes, bytes.position()) > 0) {
      // A read may return fewer bytes than there are.
    }
    return new String(bytes.array(), 0, bytes.position(), UTF_8).strip();
  }

  /** Replaces the name in the file, for the next process that locks it. */
  void write(String node) {
    if (file.isEmpty()) return;
    try {
      var text = identity(path).map(identity -> node + " " + identity).orElse(node);
      file.get().truncate(0);
      file.get().write(ByteBuffer.wrap(text.getBytes(UTF_8)), 0);
    } catch (IOException why) {
      LOG.warn(
          "cannot write the member's file: {}; after a crash, the next start waits",
          why.toString());
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
