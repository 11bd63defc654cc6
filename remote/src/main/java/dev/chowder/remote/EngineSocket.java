package dev.chowder.remote;

import static dev.chowder.base.ErrorText.cannot;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The file of a server's Unix domain socket, which only its user may open. A server binds in a
 * folder that no other user can enter, and the socket appears at its path with its final
 * permissions. A locked file beside it, {@code SOCKET.lock}, excludes other servers. It has the
 * process id of the server while clients can connect, and stays when the server ends: if servers
 * removed it, two of them could lock different files.
 */
final class EngineSocket implements AutoCloseable {
  private final Path path;
  private final Path folder;
  private final FileChannel lock;
  private @Nullable Object key;

  private EngineSocket(Path path, Path folder, FileChannel lock) {
    this.path = path;
    this.folder = folder;
    this.lock = lock;
  }

  /**
   * Creates the folder in which a server binds.
   *
   * @throws IOException if another process serves the path, if a file that is not a socket has the
   *     path, or if the folder cannot be created
   */
  static EngineSocket at(Path path) throws IOException {
    var absolute = path.toAbsolutePath();
    var parent = absolute.getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw new IOException(
          cannot("serve " + path, "its folder does not exist", "create " + parent));
    }
    // Before the lock: in this process, closing a second channel of the file would release the
    // lock.
    if (isServed(absolute)) throw served(path);
    var lock = lock(absolute);
    try {
      var random = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
      var folder = absolute.resolveSibling("." + random);
      Files.createDirectory(folder, permissions("rwx------"));
      return new EngineSocket(absolute, folder, lock);
    } catch (IOException | RuntimeException failed) {
      lock.close();
      throw failed;
    }
  }

  /**
   * Returns whether a process serves the path. False for the socket of a server that was killed.
   */
  private static boolean isServed(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) return false;
    var file = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!file.isOther()) {
      throw new IOException(
          cannot("serve " + path, "it is not a socket", "remove it or choose another path"));
    }
    try (var _ = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      return true;
    } catch (IOException left) {
      return false;
    }
  }

  private static FileChannel lock(Path path) throws IOException {
    var file =
        FileChannel.open(
            path.resolveSibling(path.getFileName() + ".lock"),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            permissions("rw-------"));
    boolean locked = false;
    try {
      locked = file.tryLock() != null;
      if (!locked) throw served(path);
      file.truncate(0);
      return file;
    } catch (OverlappingFileLockException here) {
      throw served(path);
    } finally {
      if (!locked) file.close();
    }
  }

  private static FileAttribute<?> permissions(String permissions) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
  }

  private static IOException served(Path path) {
    return new IOException(
        cannot("serve " + path, "another process serves it", "stop that process"));
  }

  /** Returns the path at which clients connect. */
  Path path() {
    return path;
  }

  /** Returns the path at which the server binds. */
  Path bound() {
    return folder.resolve("s");
  }

  /** Moves the bound socket to its path. */
  void publish() throws IOException {
    Files.setPosixFilePermissions(bound(), PosixFilePermissions.fromString("rw-------"));
    key = Files.readAttributes(bound(), BasicFileAttributes.class).fileKey();
    Files.move(bound(), path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    Files.delete(folder);
    var _ =
        lock.write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(UTF_8)));
  }

  /** Removes the socket, unless another server replaced it, and then releases the lock. */
  @Override
  public void close() throws IOException {
    // A closed server must not remove the socket of a later one.
    if (!lock.isOpen()) return;
    try (lock) {
      lock.truncate(0);
      Files.deleteIfExists(bound());
      Files.deleteIfExists(folder);
      if (key != null && Files.exists(path) && key.equals(keyOf(path))) Files.delete(path);
    }
  }

  private static @Nullable Object keyOf(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
  }

  /** The threads of connections through Unix domain sockets. */
  record EventLoops(EventLoopGroup group) implements AutoCloseable {
    /**
     * Checks that this system has such connections.
     *
     * @throws IllegalStateException if it has none
     */
    static void requireSupport() {
      if (!Epoll.isAvailable()) {
        throw new IllegalStateException(
            cannot("use a Unix domain socket", "epoll is not available", "use Linux"),
            Epoll.unavailabilityCause());
      }
    }

    static EventLoops open(String name) {
      requireSupport();
      return new EventLoops(
          new MultiThreadIoEventLoopGroup(
              1, new DefaultThreadFactory(name, true), EpollIoHandler.newFactory()));
    }

    @Override
    public void close() {
      var _ = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }
}
