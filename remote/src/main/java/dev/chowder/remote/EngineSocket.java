package dev.chowder.remote;

import static dev.chowder.base.ErrorText.cannot;

import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The file of a server's Unix domain socket, which only its user may open. A server binds in a
 * folder that no other user can enter, and the socket appears at its path with its final
 * permissions.
 */
final class EngineSocket implements AutoCloseable {
  private final Path path;
  private final Path folder;
  private @Nullable Object key;

  private EngineSocket(Path path, Path folder) {
    this.path = path;
    this.folder = folder;
  }

  /**
   * Creates the folder in which a server binds.
   *
   * @throws IOException if another process serves the path, or if the folder cannot be created
   */
  static EngineSocket at(Path path) throws IOException {
    if (isServed(path)) {
      throw new IOException(
          cannot("serve " + path, "another process serves it", "stop that process"));
    }
    var absolute = path.toAbsolutePath();
    var random = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
    var folder = absolute.resolveSibling("." + random);
    Files.createDirectory(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    return new EngineSocket(absolute, folder);
  }

  private static boolean isServed(Path path) {
    if (!Files.exists(path)) return false;
    try (var _ = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      return true;
    } catch (IOException left) {
      // The file of a server that was killed.
      return false;
    }
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
  }

  /** Removes the socket, unless another server replaced it. */
  @Override
  public void close() throws IOException {
    Files.deleteIfExists(bound());
    Files.deleteIfExists(folder);
    if (key != null && Files.exists(path) && key.equals(keyOf(path))) Files.delete(path);
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
