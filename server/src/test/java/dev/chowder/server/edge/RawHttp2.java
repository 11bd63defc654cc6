package dev.chowder.server.edge;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A small HTTP/2 client for requests whose body does not end, which other clients cannot send.
 * Reads no response headers, because the bodies of errors suffice.
 */
final class RawHttp2 implements AutoCloseable {
  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(UTF_8);
  private static final int TIME_LIMIT_MILLIS = 60_000;
  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RESET = 3;
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int WINDOW_UPDATE = 8;
  private static final int END_STREAM = 1;
  private static final int ACK = 1;
  private static final int END_HEADERS = 4;
  private static final int MAX_FRAME = 16_384;
  private static final int FIRST_WINDOW = 65_535;
  private static final int INITIAL_WINDOW_SIZE = 4;
  private static final int SETTING_BYTES = 6;

  private final Socket socket;
  private final DataOutputStream out;
  private final Map<Integer, ByteArrayOutputStream> bodies = new ConcurrentHashMap<>();
  private final Map<Integer, String> ended = new ConcurrentHashMap<>();
  private int nextStream = 1;

  /** Bytes that the peer accepts on this connection and on each of its streams. */
  private long window = FIRST_WINDOW;

  private final Map<Integer, Long> windows = new ConcurrentHashMap<>();
  private long windowOfStreams = FIRST_WINDOW;

  private RawHttp2(Socket socket) throws IOException {
    this.socket = socket;
    this.out = new DataOutputStream(socket.getOutputStream());
  }

  /** Connects from a client address in the loopback network. */
  static RawHttp2 open(InetSocketAddress to, String from) throws IOException {
    var socket = new Socket();
    socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
    socket.connect(to, TIME_LIMIT_MILLIS);
    socket.setSoTimeout(TIME_LIMIT_MILLIS);
    var connection = new RawHttp2(socket);
    connection.out.write(PREFACE);
    connection.frame(SETTINGS, 0, 0, new byte[0]);
    Thread.ofVirtual().start(connection::read);
    return connection;
  }

  /**
   * Starts a request and sends part of its body, at most one frame.
   *
   * @return number of its stream
   */
  int begin(String method, String path, Map<String, String> headers, byte[] part)
      throws IOException, InterruptedException {
    int stream = request(method, path, headers, END_HEADERS);
    if (part.length > 0) more(stream, part);
    return stream;
  }

  /** Sends a request that ends with its headers, as clients do without a body. */
  int get(String path, Map<String, String> headers) throws IOException {
    return request("GET", path, headers, END_HEADERS | END_STREAM);
  }

  private int request(String method, String path, Map<String, String> headers, int flags)
      throws IOException {
    var block = new ByteArrayOutputStream();
    field(block, ":method", method);
    field(block, ":scheme", "http");
    field(block, ":authority", "localhost");
    field(block, ":path", path);
    headers.forEach((name, value) -> field(block, name, value));
    int stream = nextStream;
    nextStream += 2;
    frame(HEADERS, flags, stream, block.toByteArray());
    return stream;
  }

  /** Sends another part of a body, at most one frame. */
  void more(int stream, byte[] part) throws IOException, InterruptedException {
    awaitWindow(stream, Math.min(part.length, MAX_FRAME));
    frame(DATA, 0, stream, part);
  }

  /** Ends the body of a request. */
  void end(int stream) throws IOException {
    frame(DATA, END_STREAM, stream, new byte[0]);
  }

  /**
   * Waits for window. Returns at once for a stream that ended, since its window no longer grows.
   */
  private synchronized void awaitWindow(int stream, int bytes) throws InterruptedException {
    while (Math.min(window, windowOfStreams + windows.getOrDefault(stream, 0L)) < bytes
        && !ended.containsKey(stream)
        && !socket.isClosed()) {
      wait(TIME_LIMIT_MILLIS);
    }
    window -= bytes;
    windows.merge(stream, (long) -bytes, Long::sum);
  }

  /** Returns the bodies of complete responses and of streams that were reset. */
  Map<Integer, String> ended() {
    return ended;
  }

  /** Encodes a literal without indexing and with a new name, both shorter than 127 bytes. */
  private static void field(ByteArrayOutputStream block, String name, String value) {
    block.write(0);
    block.write(name.length());
    block.writeBytes(name.getBytes(UTF_8));
    block.write(value.length());
    block.writeBytes(value.getBytes(UTF_8));
  }

  private synchronized void frame(int type, int flags, int stream, byte[] payload)
      throws IOException {
    out.writeByte(payload.length >> 16);
    out.writeShort(payload.length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(stream);
    out.write(payload);
    out.flush();
  }

  private void read() {
    try (var in = new DataInputStream(socket.getInputStream())) {
      while (true) {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        receive(type, flags, stream, in.readNBytes(length));
      }
    } catch (IOException closed) {
      // Streams that are still open are not in the result.
    }
  }

  private void receive(int type, int flags, int stream, byte[] payload) throws IOException {
    boolean isAck = (flags & ACK) != 0;
    switch (type) {
      case DATA -> body(stream).writeBytes(payload);
      case SETTINGS -> {
        if (!isAck) {
          set(new DataInputStream(new ByteArrayInputStream(payload)), payload.length);
          frame(SETTINGS, ACK, 0, new byte[0]);
        }
      }
      case PING -> {
        if (!isAck) frame(PING, ACK, 0, payload);
      }
      case WINDOW_UPDATE -> {
        widen(stream, new DataInputStream(new ByteArrayInputStream(payload)));
      }
      default -> {
        // These tests need no other frames.
      }
    }
    boolean isLast = (type == DATA || type == HEADERS) && (flags & END_STREAM) != 0;
    if (isLast || type == RESET) {
      ended.putIfAbsent(stream, body(stream).toString(UTF_8));
      wake();
    }
  }

  private synchronized void wake() {
    notifyAll();
  }

  private synchronized void set(DataInputStream payload, int length) throws IOException {
    for (int n = 0; n < length / SETTING_BYTES; n++) {
      int name = payload.readUnsignedShort();
      int value = payload.readInt();
      if (name == INITIAL_WINDOW_SIZE) windowOfStreams = value;
    }
    notifyAll();
  }

  private synchronized void widen(int stream, DataInputStream payload) throws IOException {
    int more = payload.readInt();
    if (stream == 0) window += more;
    else windows.merge(stream, (long) more, Long::sum);
    notifyAll();
  }

  private ByteArrayOutputStream body(int stream) {
    return bodies.computeIfAbsent(stream, _ -> new ByteArrayOutputStream());
  }

  @Override
  public synchronized void close() throws IOException {
    socket.close();
    notifyAll();
  }
}
