package dev.chowder.simulator;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves HTTP/1.1 and WebSockets on one port with Jetty, for blocking handlers and with the limits
 * of a simulated gateway. Does not know the gateway.
 */
public final class FakeHttp implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FakeHttp.class);
  private static final int MAX_HEAD = 64 << 10;
  private static final int MAX_BODY = 8 << 20;
  private static final int NETWORK_THREADS = 4;

  private final Server server;
  private final ServerConnector connector;
  private final ServerWebSocketContainer sockets;
  private final Handler handler;

  private FakeHttp(ServerSocketChannel listener, Executor threads, Handler handler)
      throws IOException {
    this.handler = handler;
    server = new Server(pool(threads), new ScheduledExecutorScheduler("fake-http", true), null);
    var config = new HttpConfiguration();
    config.setRequestHeaderSize(MAX_HEAD);
    // The cache takes 48 KB of each connection.
    config.setHeaderCacheSize(0);
    config.setSendServerVersion(false);
    config.setSendDateHeader(false);
    connector = new ServerConnector(server, 0, 1, new HttpConnectionFactory(config));
    // Without an idle timeout, because the connections of a frozen sandbox stay open.
    connector.setIdleTimeout(0);
    connector.open(listener);
    server.addConnector(connector);
    server.setHandler(new Requests());
    sockets = FakeSocket.container(server);
  }

  /**
   * Creates a pool with platform threads for the network only. They are daemons, because tests do
   * not close every server. Without reserved threads, Jetty gives each handler a thread of the
   * executor, so that handlers that wait for a thaw do not delay others.
   */
  private static QueuedThreadPool pool(Executor threads) {
    var pool = new QueuedThreadPool(NETWORK_THREADS, 1);
    pool.setName("fake-http");
    pool.setDaemon(true);
    pool.setReservedThreads(0);
    pool.setVirtualThreadsExecutor(threads);
    return pool;
  }

  /** Handles requests. The connection of a request without a response is closed. */
  public interface Handler {
    /** Handles a request. May block, because each request has its own thread. */
    void handle(Exchange exchange) throws IOException;
  }

  /**
   * Starts to listen; port 0 chooses a free port.
   *
   * @param threads one for each request; the caller ends them after the server
   */
  public static FakeHttp listen(
      InetSocketAddress address, int backlog, Executor threads, Handler handler)
      throws IOException {
    var listener = ServerSocketChannel.open();
    try {
      listener.socket().setReuseAddress(true);
      listener.bind(address, backlog);
      var started = new FakeHttp(listener, threads, handler);
      started.start();
      return started;
    } catch (IOException failed) {
      listener.close();
      throw failed;
    }
  }

  private void start() throws IOException {
    try {
      server.start();
    } catch (IOException failed) {
      throw failed;
    } catch (Exception failed) {
      throw new IOException(failed);
    }
  }

  public int port() {
    return connector.getLocalPort();
  }

  /** Closes the port and all connections. Does not wait for handlers. */
  @Override
  public void close() throws IOException {
    try {
      server.stop();
    } catch (Exception failed) {
      throw new IOException(failed);
    }
  }

  private final class Requests extends org.eclipse.jetty.server.Handler.Abstract {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      var exchange = new Exchange(request, response, callback);
      try {
        exchange.readBody();
        handler.handle(exchange);
      } catch (IOException requested) {
        exchange.answered = false;
      } catch (RuntimeException | Error failed) {
        exchange.answered = false;
        LOG.warn("{} failed, and its connection is closed", exchange.path(), failed);
      }
      if (!exchange.accepted) {
        if (exchange.answered) callback.succeeded();
        else callback.failed(new Request.Handler.AbortException());
      }
      return true;
    }
  }

  /** A request and its response. */
  public final class Exchange {
    private final Request request;
    private final Response response;
    private final Callback callback;
    private byte[] body = {};
    private boolean answered;
    private boolean accepted;

    private Exchange(Request request, Response response, Callback callback) {
      this.request = request;
      this.response = response;
      this.callback = callback;
    }

    private void readBody() throws IOException {
      var content = Content.Source.asInputStream(request);
      body = content.readNBytes(MAX_BODY + 1);
      if (body.length > MAX_BODY) throw new IOException("body too large");
    }

    /** Returns the path without the query, as the client sent it. */
    public String path() {
      return Objects.requireNonNullElse(request.getHttpURI().getPath(), "");
    }

    /** Returns the header; empty if it is absent. */
    public String header(String name) {
      return Objects.requireNonNullElse(request.getHeaders().get(name), "");
    }

    public byte[] body() {
      return body;
    }

    /** Returns the server's address that the client called. */
    String at() {
      return Request.getLocalAddr(request);
    }

    /** Returns whether the client requests a WebSocket. */
    public boolean requestsSocket() {
      return header("upgrade").equalsIgnoreCase("websocket");
    }

    /** Accepts a request for a WebSocket. The listener is called after the handler returns. */
    public void accept(FakeSocket.Listener listener) throws IOException {
      accepted =
          sockets.upgrade(
              (_, upgrade, _) -> FakeSocket.endpoint(upgrade, listener),
              request,
              response,
              callback);
      if (!accepted) throw new IOException("invalid request for a WebSocket");
    }

    /** Sends a whole response. */
    public void send(int status, String type, byte[] content) throws IOException {
      head(status, type);
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, content.length);
      Content.Sink.write(response, true, ByteBuffer.wrap(content));
    }

    /** Returns a stream that sends each written piece at once. */
    OutputStream stream(int status, String type) {
      head(status, type);
      return Content.Sink.asOutputStream(response);
    }

    private void head(int status, String type) {
      answered = true;
      response.setStatus(status);
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
    }
  }
}
