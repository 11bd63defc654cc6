package dev.chowder.simulator;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Optional;

/**
 * Implements the server side of a WebSocket with text messages. Does not know the gateway protocol.
 */
public final class FakeSocket {
  private static final int MAX_TEXT = 8 << 20;
  private static final int CONTINUED = 0;
  private static final int TEXT = 1;
  private static final int CLOSE = 8;
  private static final int PING = 9;
  private static final int PONG = 10;

  private final InputStream in;
  private final OutputStream out;

  private FakeSocket(InputStream in, OutputStream out) {
    this.in = in;
    this.out = out;
  }

  public static boolean isRequestedBy(FakeHttp.Exchange exchange) {
    return exchange.header("upgrade").equalsIgnoreCase("websocket");
  }

  /** Accepts a request for a WebSocket. */
  public static FakeSocket accept(FakeHttp.Exchange exchange) throws IOException {
    var key = exchange.header("sec-websocket-key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    try {
      var digest =
          MessageDigest.getInstance("SHA-1").digest(key.getBytes(StandardCharsets.US_ASCII));
      exchange.upgrade(
          "upgrade: websocket\r\nsec-websocket-accept: "
              + Base64.getEncoder().encodeToString(digest));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
    return new FakeSocket(exchange.in(), exchange.out());
  }

  /** Returns the next text; empty if the client closes the connection. */
  public Optional<String> receive() throws IOException {
    var text = new ByteArrayOutputStream();
    while (true) {
      int first = next();
      int second = next();
      long length = second & 0x7f;
      if (length == 126) length = (long) next() << 8 | next();
      else if (length == 127) length = longLength();
      if (length + text.size() > MAX_TEXT) throw new IOException("text too large");
      var mask = whole(4);
      var payload = whole((int) length);
      for (int i = 0; i < payload.length; i++) payload[i] ^= mask[i % 4];
      switch (first & 0x0f) {
        case CONTINUED, TEXT -> {
          text.write(payload);
          if ((first & 0x80) != 0) return Optional.of(text.toString(StandardCharsets.UTF_8));
        }
        case PING -> frame(PONG, payload);
        case CLOSE -> {
          return Optional.empty();
        }
        default -> {}
      }
    }
  }

  private long longLength() throws IOException {
    long length = 0;
    for (int i = 0; i < 8; i++) length = length << 8 | next();
    if (length < 0) throw new IOException("text too large");
    return length;
  }

  private int next() throws IOException {
    int b = in.read();
    if (b < 0) throw new EOFException();
    return b;
  }

  private byte[] whole(int length) throws IOException {
    var bytes = in.readNBytes(length);
    if (bytes.length < length) throw new EOFException();
    return bytes;
  }

  public void send(String text) throws IOException {
    frame(TEXT, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Closes the connection with a WebSocket status code. */
  void close(int code, String reason) throws IOException {
    var payload = new ByteArrayOutputStream();
    payload.write(code >> 8);
    payload.write(code);
    payload.write(reason.getBytes(StandardCharsets.UTF_8));
    frame(CLOSE, payload.toByteArray());
  }

  /** Writes a frame. Other threads than the receiving one may call this. */
  private synchronized void frame(int kind, byte[] payload) throws IOException {
    out.write(0x80 | kind);
    if (payload.length < 126) {
      out.write(payload.length);
    } else if (payload.length < 1 << 16) {
      out.write(126);
      out.write(payload.length >> 8);
      out.write(payload.length);
    } else {
      out.write(127);
      for (int shift = 56; shift >= 0; shift -= 8)
        out.write((int) ((long) payload.length >> shift));
    }
    out.write(payload);
    out.flush();
  }
}
