package dev.chowder.server.edge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * HTTP/1.1 over a socket. Common clients repair or reject what these tests must send, such as a
 * path with dot segments or a forged Host.
 */
public final class RawHttp {
  private static final int TIME_LIMIT_MILLIS = 30_000;

  private RawHttp() {}

  /** A complete response. */
  public record Answer(int status, Map<String, String> headers, String body) {
    public Optional<String> header(String name) {
      return Optional.ofNullable(headers.get(name));
    }

    public JsonNode json() {
      try {
        return new ObjectMapper().readTree(body);
      } catch (IOException e) {
        throw new AssertionError("no JSON: " + this, e);
      }
    }
  }

  /** A request as it is sent. */
  public record Request(
      String method, String target, Map<String, String> headers, ByteString body) {
    public static Request of(String method, String target) {
      return new Request(method, target, Map.of("Host", "localhost"), ByteString.EMPTY);
    }

    public Request with(String header, String value) {
      var more = new LinkedHashMap<>(headers);
      more.put(header, value);
      return new Request(method, target, more, body);
    }

    public Request json(String text) {
      return new Request(method, target, headers, ByteString.copyFromUtf8(text))
          .with("Content-Type", "application/json");
    }

    byte[] bytes() {
      var text = new StringBuilder(method + " " + target + " HTTP/1.1\r\n");
      headers.forEach((name, value) -> text.append(name + ": " + value + "\r\n"));
      if (!body.isEmpty() || List.of("POST", "PUT", "PATCH").contains(method)) {
        text.append("Content-Length: " + body.size() + "\r\n");
      }
      text.append("\r\n");
      var out = new ByteArrayOutputStream();
      out.writeBytes(text.toString().getBytes(StandardCharsets.UTF_8));
      out.writeBytes(body.toByteArray());
      return out.toByteArray();
    }
  }

  /** Sends a request and reads the complete response. */
  public static Answer send(InetSocketAddress to, Request request) throws IOException {
    boolean upgrades = request.headers().containsKey("Connection");
    try (Exchange exchange = open(to, upgrades ? request : request.with("Connection", "close"))) {
      return exchange.whole();
    }
  }

  /** Sends a request; the caller reads the response as it arrives. */
  public static Exchange open(InetSocketAddress to, Request request) throws IOException {
    var socket = new Socket();
    socket.connect(to, TIME_LIMIT_MILLIS);
    socket.setSoTimeout(TIME_LIMIT_MILLIS);
    socket.setTcpNoDelay(true);
    return over(socket, request);
  }

  /** As above, on an existing connection such as one of TLS. */
  public static Exchange over(Socket socket, Request request) throws IOException {
    // The server may respond and close before it has read a large body. The response counts.
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                socket.getOutputStream().write(request.bytes());
              } catch (IOException e) {
                // The test then sees the response, or that there is none.
              }
            });
    return new Exchange(socket);
  }

  /** Sends a request over a Unix socket and reads the complete response. */
  public static Answer send(Path socket, Request request) throws IOException {
    try (var channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      channel.write(ByteBuffer.wrap(request.with("Connection", "close").bytes()));
      return new Exchange(new Socket(), Channels.newInputStream(channel)).whole();
    }
  }

  /** A response in progress. */
  public static final class Exchange implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;

    Exchange(Socket socket) throws IOException {
      this(socket, socket.getInputStream());
    }

    private Exchange(Socket socket, InputStream in) {
      this.socket = socket;
      this.in = new BufferedInputStream(in);
    }

    public Socket socket() {
      return socket;
    }

    public InputStream in() {
      return in;
    }

    /** Returns the status and the headers, by lower-case name. */
    public Answer head() throws IOException {
      String status = line();
      var headers = new LinkedHashMap<String, String>();
      for (String line = line(); !line.isEmpty(); line = line()) {
        int colon = line.indexOf(':');
        headers.merge(
            line.substring(0, colon).toLowerCase(Locale.ROOT),
            line.substring(colon + 1).strip(),
            (a, b) -> a + ", " + b);
      }
      return new Answer(Integer.parseInt(status.split(" ", 3)[1]), headers, "");
    }

    public Answer whole() throws IOException {
      Answer head = head();
      var body = new ByteArrayOutputStream();
      if (head.header("transfer-encoding").orElse("").equals("chunked")) {
        for (byte[] chunk = chunk(); chunk.length > 0; chunk = chunk()) {
          body.writeBytes(chunk);
        }
      } else if (head.header("content-length").isPresent()) {
        body.writeBytes(in.readNBytes(Integer.parseInt(head.headers().get("content-length"))));
      } else if (head.status() != 204) {
        in.transferTo(body);
      }
      return new Answer(head.status(), head.headers(), body.toString(StandardCharsets.UTF_8));
    }

    /** Returns the next chunk of a chunked body; empty at its end. */
    public byte[] chunk() throws IOException {
      int size = Integer.parseInt(line().strip(), 16);
      byte[] chunk = in.readNBytes(size);
      line();
      return chunk;
    }

    private String line() throws IOException {
      var line = new ByteArrayOutputStream();
      for (int b = in.read(); b != '\n'; b = in.read()) {
        if (b < 0) {
          throw new EOFException("connection closed after: " + line);
        }
        line.write(b);
      }
      return line.toString(StandardCharsets.UTF_8).stripTrailing();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
