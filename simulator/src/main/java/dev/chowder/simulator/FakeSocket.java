package dev.chowder.simulator;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.ServerUpgradeResponse;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server side of a WebSocket with text messages, as a blocking interface. Does not know the
 * gateway protocol.
 */
public final class FakeSocket {
  private static final Logger LOG = LoggerFactory.getLogger(FakeSocket.class);
  private static final int MAX_TEXT = 8 << 20;

  private final Session session;

  /** Whether this side ended the connection, so that messages that came before are not handled. */
  private volatile boolean ended;

  private FakeSocket(Session session) {
    this.session = session;
  }

  /**
   * Handles one WebSocket, one call at a time. May block. An exception ends the connection without
   * a close frame.
   */
  public interface Listener {
    /** Called once, before any message. */
    default void opened(FakeSocket socket) throws IOException {}

    void received(FakeSocket socket, String text) throws IOException;

    /** Called once, when the connection has ended. */
    default void closed(FakeSocket socket) {}
  }

  /** Creates what accepts WebSockets, without extensions and idle timeout. */
  static ServerWebSocketContainer container(Server server) {
    var container = ServerWebSocketContainer.ensure(server);
    container.setIdleTimeout(Duration.ZERO);
    container.setMaxTextMessageSize(MAX_TEXT);
    container.setMaxFrameSize(MAX_TEXT);
    return container;
  }

  static Endpoint endpoint(ServerUpgradeResponse upgrade, Listener listener) {
    upgrade.setExtensions(List.of());
    return new Endpoint(listener);
  }

  /** Sends a message. Any thread may call this. */
  public void send(String text) throws IOException {
    await(sent -> session.sendText(text, sent));
  }

  /** Sends a WebSocket status code, and ends the connection. */
  void close(int code, String reason) throws IOException {
    try {
      await(sent -> session.close(code, reason, sent));
    } finally {
      end();
    }
  }

  private void end() {
    ended = true;
    session.disconnect();
  }

  private static void await(Consumer<Callback> send) throws IOException {
    var sent = new Callback.Completable();
    send.accept(sent);
    try {
      sent.get();
    } catch (ExecutionException failed) {
      throw new IOException(failed.getCause());
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
  }

  /** Receives Jetty's calls, and must be public for that. */
  public static final class Endpoint implements Session.Listener.AutoDemanding {
    private final Listener listener;
    private @Nullable FakeSocket socket;

    private Endpoint(Listener listener) {
      this.listener = listener;
    }

    @Override
    public void onWebSocketOpen(Session session) {
      var opened = new FakeSocket(session);
      socket = opened;
      attempt(opened, () -> listener.opened(opened));
    }

    @Override
    public void onWebSocketText(String text) {
      var from = Objects.requireNonNull(socket);
      if (!from.ended) attempt(from, () -> listener.received(from, text));
    }

    @Override
    public void onWebSocketError(Throwable cause) {
      // Without waiting for the client's close frame, which would never time out.
      if (socket != null) socket.end();
    }

    @Override
    public void onWebSocketClose(int code, String reason, Callback done) {
      if (socket != null) listener.closed(socket);
      done.succeed();
    }

    private interface Action {
      void run() throws IOException;
    }

    private static void attempt(FakeSocket socket, Action action) {
      try {
        action.run();
      } catch (IOException requested) {
        socket.end();
      } catch (RuntimeException | Error failed) {
        socket.end();
        LOG.warn("a listener failed, and its connection is closed", failed);
      }
    }
  }
}
