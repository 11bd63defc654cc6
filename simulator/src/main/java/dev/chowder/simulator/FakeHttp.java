package dev.chowder.simulator;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/**
 * Implements the parts of HTTP/1.1 that clients of a simulated gateway use. Unlike the JDK's
 * server, it hands a connection over to the handler for an upgrade. Does not know the gateway.
 */
public final class FakeHttp implements AutoCloseable {
  private static final int MAX_HEAD = 64 << 10;
  private static final int MAX_BODY = 8 << 20;

  private final ServerSocket listener;
  private final Executor threads;
  private final Handler handler;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  private FakeHttp(ServerSocket listener, Executor threads, Handler handler) {
    this.listener = listener;
    this.threads = threads;
    this.handler = handler;
  }

  /** Handles requests. The connection of a request without a response is closed. */
  public interface Handler {
    /** Handles a request. May block, because each connection has its own thread. */
    void handle(Exchange exchange) throws IOException;
  }

  /** Starts to listen; port 0 chooses a free port. */
  public static FakeHttp listen(
      InetSocketAddress address, int backlog, Executor threads, Handler handler)
      throws IOException {
    var listener = new ServerSocket();
    try {
      listener.setReuseAddress(true);
      listener.bind(address, backlog);
    } catch (IOException taken) {
      listener.close();
      throw taken;
    }
    var server = new FakeHttp(listener, threads, handler);
    threads.execute(server::accept);
    return server;
  }

  public int port() {
    return listener.getLocalPort();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        var socket = listener.accept();
        socket.setTcpNoDelay(true);
        open.add(socket);
        threads.execute(() -> serve(socket));
      } catch (IOException closing) {
        // The server is closing, or too many files are open. In the second case, later connections
        // are accepted again.
        Thread.onSpinWait();
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      var in = new BufferedInputStream(socket.getInputStream());
      var out = new BufferedOutputStream(socket.getOutputStream());
      boolean more = true;
      while (more) {
        var exchange = Exchange.read(in, out, socket.getLocalAddress());
        handler.handle(exchange);
        more = exchange.isAnswered() && exchange.keepsAlive();
      }
    } catch (IOException gone) {
      // The client disconnected.
    } finally {
      open.remove(socket);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (var socket : open) socket.close();
  }

  /** A request and its response. Header names are in lower case. */
  public static final class Exchange {
    private final String path;
    private final Map<String, String> headers;
    private final byte[] body;
    private final InetAddress at;
    private final InputStream in;
    private final OutputStream out;
    private boolean answered;

    private Exchange(
        String path,
        Map<String, String> headers,
        byte[] body,
        InetAddress at,
        InputStream in,
        OutputStream out) {
      this.path = path;
      this.headers = headers;
      this.body = body;
      this.at = at;
      this.in = in;
      this.out = out;
    }

    private static Exchange read(InputStream in, OutputStream out, InetAddress at)
        throws IOException {
      var target = line(in).split(" ", 3);
      if (target.length != 3) throw new IOException("invalid request line");
      var headers = new HashMap<String, String>();
      for (var header = line(in); !header.isEmpty(); header = line(in)) {
        int colon = header.indexOf(':');
        if (colon > 0) {
          headers.put(
              header.substring(0, colon).toLowerCase(Locale.ROOT),
              header.substring(colon + 1).strip());
        }
      }
      var path = target[1].split("\\?", 2)[0];
      if ("100-continue".equalsIgnoreCase(headers.get("expect"))) {
        out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        out.flush();
      }
      return new Exchange(path, headers, body(in, headers), at, in, out);
    }

    private static byte[] body(InputStream in, Map<String, String> headers) throws IOException {
      if ("chunked".equalsIgnoreCase(headers.get("transfer-encoding"))) return chunks(in);
      int length = number(headers.getOrDefault("content-length", "0"), 10);
      return whole(in, length);
    }

    private static byte[] chunks(InputStream in) throws IOException {
      var all = new ByteArrayOutputStream();
      while (true) {
        int length = number(line(in).split(";", 2)[0].strip(), 16);
        if (length == 0) {
          while (!line(in).isEmpty()) {}
          return all.toByteArray();
        }
        if (all.size() + length > MAX_BODY) throw new IOException("body too large");
        all.write(whole(in, length));
        line(in);
      }
    }

    private static byte[] whole(InputStream in, int length) throws IOException {
      var bytes = in.readNBytes(length);
      if (bytes.length < length) throw new EOFException();
      return bytes;
    }

    private static int number(String text, int radix) throws IOException {
      try {
        int number = Integer.parseInt(text, radix);
        if (number >= 0 && number <= MAX_BODY) return number;
      } catch (NumberFormatException none) {
        // Handled like any other invalid length.
      }
      throw new IOException("invalid length");
    }

    private static String line(InputStream in) throws IOException {
      var line = new StringBuilder();
      for (int c = in.read(); c != '\n'; c = in.read()) {
        if (c < 0 || line.length() > MAX_HEAD) throw new EOFException();
        line.append((char) c);
      }
      return line.toString().stripTrailing();
    }

    public String path() {
      return path;
    }

    /** Returns the header; empty if it is absent. */
    public String header(String name) {
      return headers.getOrDefault(name, "");
    }

    public byte[] body() {
      return body;
    }

    /** Returns the server's address that the client called. */
    InetAddress at() {
      return at;
    }

    private boolean isAnswered() {
      return answered;
    }

    private boolean keepsAlive() {
      return !header("connection").equalsIgnoreCase("close");
    }

    /** Sends a whole response. */
    public void send(int status, String type, byte[] content) throws IOException {
      head(status, "content-type: " + type + "\r\ncontent-length: " + content.length);
      out.write(content);
      out.flush();
    }

    /** Returns a stream that sends a chunk at each flush. */
    OutputStream stream(int status, String type) throws IOException {
      head(status, "content-type: " + type + "\r\ntransfer-encoding: chunked");
      return new OutputStream() {
        private final ByteArrayOutputStream piece = new ByteArrayOutputStream();

        @Override
        public void write(int b) {
          piece.write(b);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
          piece.write(bytes, from, length);
        }

        @Override
        public void flush() throws IOException {
          if (piece.size() > 0) {
            out.write(ascii(Integer.toHexString(piece.size()) + "\r\n"));
            piece.writeTo(out);
            out.write(ascii("\r\n"));
            piece.reset();
          }
          out.flush();
        }

        @Override
        public void close() throws IOException {
          flush();
          out.write(ascii("0\r\n\r\n"));
          out.flush();
        }
      };
    }

    /** Accepts an upgrade. The handler uses the connection until it returns. */
    void upgrade(String headerLines) throws IOException {
      out.write(
          ascii(
              "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\n"
                  + headerLines
                  + "\r\n\r\n"));
      out.flush();
    }

    InputStream in() {
      return in;
    }

    OutputStream out() {
      return out;
    }

    private void head(int status, String lines) throws IOException {
      answered = true;
      out.write(ascii("HTTP/1.1 " + status + " \r\n" + lines + "\r\n\r\n"));
    }

    private static byte[] ascii(String text) {
      return text.getBytes(StandardCharsets.US_ASCII);
    }
  }
}
