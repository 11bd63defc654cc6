package dev.chowder.remote;

import com.google.protobuf.ByteString;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Splits contents of files into chunks of messages. */
final class Chunks {
  static final int BYTES = 64 * 1024;

  private Chunks() {}

  /** Receives a chunk. */
  interface Sink {
    void send(ByteString chunk) throws IOException;
  }

  /** Sends all bytes in chunks. */
  static void send(ByteString bytes, Sink to) throws IOException {
    for (int from = 0; from < bytes.size(); from += BYTES) {
      to.send(bytes.substring(from, Math.min(bytes.size(), from + BYTES)));
    }
  }

  /** Returns a stream that sends what is written in chunks; the last one when it is flushed. */
  static OutputStream stream(Sink to) {
    return new BufferedOutputStream(new Unbuffered(to), BYTES);
  }

  private static final class Unbuffered extends OutputStream {
    private final Sink to;

    Unbuffered(Sink to) {
      this.to = to;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      send(ByteString.copyFrom(bytes, offset, length), to);
    }
  }
}
