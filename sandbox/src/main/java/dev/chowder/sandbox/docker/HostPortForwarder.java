package dev.chowder.sandbox.docker;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forwards connections from one port of the sandboxes' bridge to the same port of this host's
 * loopback, where model servers on a laptop listen. Does not read the content. The firewall decides
 * which sandboxes may connect.
 */
final class HostPortForwarder implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HostPortForwarder.class);
  private static final int BACKLOG = 128;
  private static final int BUFFER_BYTES = 16 * 1024;

  private final ServerSocket server;
  private final InetSocketAddress target;
  private final Duration connectTimeout;
  private final Duration idle;
  private final Limits limits;

  /** The open connections of each sandbox, by its address. */
  private final Map<InetAddress, Integer> connections = new HashMap<>();

  private int all;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  /**
   * Numbers of connections at once.
   *
   * @param all connections of all sandboxes
   * @param each connections of each sandbox
   */
  record Limits(int all, int each) {}

  /**
   * Starts to listen.
   *
   * @param limits numbers of connections after which a new one is closed at once
   * @param idle time without data in either direction after which a connection is closed
   * @throws IOException if the address is in use or does not exist
   */
  HostPortForwarder(
      InetSocketAddress from, int port, Limits limits, Duration connectTimeout, Duration idle)
      throws IOException {
    this.target = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    this.connectTimeout = connectTimeout;
    this.idle = idle;
    this.limits = limits;
    this.server = new ServerSocket();
    try {
      // All nodes of this machine listen on the port, so that sandboxes are served as long as one
      // node runs.
      server.setOption(StandardSocketOptions.SO_REUSEPORT, true);
      server.bind(from, BACKLOG);
    } catch (IOException taken) {
      server.close();
      throw taken;
    }
    Thread.ofVirtual().name("forward-" + from).start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket caller = server.accept();
        InetAddress sandbox = caller.getInetAddress();
        if (!admits(sandbox)) {
          caller.close();
          continue;
        }
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    forward(caller);
                  } finally {
                    release(sandbox);
                  }
                });
      } catch (IOException failed) {
        if (!server.isClosed()) {
          log.warn("forwarding to {}: {}", target, failed.toString());
        }
      }
    }
  }

  private synchronized boolean admits(InetAddress sandbox) {
    if (all >= limits.all() || connections.getOrDefault(sandbox, 0) >= limits.each()) return false;
    all++;
    connections.merge(sandbox, 1, Integer::sum);
    return true;
  }

  private synchronized void release(InetAddress sandbox) {
    all--;
    connections.computeIfPresent(sandbox, (_, open) -> open == 1 ? null : open - 1);
  }

  private void forward(Socket caller) {
    try (caller;
        Socket callee = new Socket()) {
      open.add(caller);
      open.add(callee);
      if (server.isClosed()) {
        // The forwarder was closed after this connection was accepted and before it was listed.
        return;
      }
      callee.connect(target, Math.toIntExact(connectTimeout.toMillis()));
      AtomicLong lastByte = new AtomicLong(System.nanoTime());
      Thread back = Thread.ofVirtual().start(() -> pump(callee, caller, lastByte));
      pump(caller, callee, lastByte);
      back.join();
    } catch (IOException refused) {
      log.debug("forwarding to {}: {}", target, refused.toString());
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(caller);
      open.removeIf(Socket::isClosed);
    }
  }

  /** Copies one direction until its end. If it breaks, both directions are closed. */
  private void pump(Socket from, Socket to, AtomicLong lastByte) {
    byte[] buffer = new byte[BUFFER_BYTES];
    try {
      from.setSoTimeout(Math.toIntExact(idle.toMillis()));
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      while (true) {
        int read;
        try {
          read = in.read(buffer);
        } catch (SocketTimeoutException quiet) {
          if (System.nanoTime() - lastByte.get() >= idle.toNanos()) {
            throw quiet;
          }
          continue;
        }
        if (read < 0) {
          to.shutdownOutput();
          return;
        }
        lastByte.set(System.nanoTime());
        out.write(buffer, 0, read);
      }
    } catch (IOException broken) {
      closeQuietly(from);
      closeQuietly(to);
    }
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException alreadyGone) {
      log.debug("closing a forwarded connection: {}", alreadyGone.toString());
    }
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException alreadyGone) {
      log.debug("closing a forwarder: {}", alreadyGone.toString());
    }
    open.forEach(HostPortForwarder::closeQuietly);
  }
}
