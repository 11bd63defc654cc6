package dev.chowder.sandbox.docker;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;

/**
 * Forwards requests to the real engine and can delay one until it is released, like the request of
 * a node that is paused while it sends.
 */
final class HeldEngine implements AutoCloseable {
  private final Path socket;
  private final UnixDomainSocketAddress engine;
  private final ServerSocketChannel listener;
  private final AtomicReference<Optional<Held>> next = new AtomicReference<>(Optional.empty());

  /** A delayed request. */
  static final class Held {
    private final Pattern requestLine;
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    private Held(String requestLine) {
      this.requestLine = Pattern.compile(requestLine);
    }

    /** Returns whether the request is sent within this time. */
    boolean awaitRequest(Duration limit) throws InterruptedException {
      return reached.await(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    void release() {
      released.countDown();
    }
  }

  /**
   * Opens the socket.
   *
   * @param engine a Unix socket
   */
  HeldEngine(Path socket, URI engine) throws IOException {
    this.socket = socket;
    this.engine = UnixDomainSocketAddress.of(engine.getPath());
    this.listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual().start(this::accept);
  }

  String host() {
    return "unix://" + socket;
  }

  /** Delays the next request whose first line starts with this pattern. */
  Held hold(String requestLine) {
    var held = new Held(requestLine);
    next.set(Optional.of(held));
    return held;
  }

  private void accept() {
    try {
      while (true) {
        var client = listener.accept();
        Thread.ofVirtual().start(() -> serve(client));
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  /** Serves one request, because each has its own connection. */
  private void serve(SocketChannel client) {
    try (client;
        var upstream = SocketChannel.open(engine)) {
      var first = ByteBuffer.allocate(1 << 16);
      if (client.read(first) < 0) return;
      first.flip();
      var line = US_ASCII.decode(first.duplicate()).toString().lines().findFirst().orElse("");
      var held = next.get();
      if (held.isPresent()
          && held.get().requestLine.matcher(line).lookingAt()
          && next.compareAndSet(held, Optional.empty())) {
        held.get().reached.countDown();
        held.get().released.await();
      }
      while (first.hasRemaining()) upstream.write(first);
      Thread.ofVirtual().start(() -> copy(client, upstream));
      copy(upstream, client);
    } catch (IOException gone) {
      // Either side is closed.
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  private static void copy(SocketChannel from, SocketChannel to) {
    try {
      var bytes = ByteBuffer.allocate(1 << 16);
      while (from.read(bytes) >= 0) {
        bytes.flip();
        while (bytes.hasRemaining()) to.write(bytes);
        bytes.clear();
      }
    } catch (IOException gone) {
      // Either side is closed.
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
