package dev.chowder.sandbox.docker;

import java.nio.charset.StandardCharsets;

/** Keeps the last bytes of an output of any length in a ring buffer of fixed size. */
final class Tail {
  private final byte[] ring;
  private long written;

  Tail(int maxBytes) {
    this.ring = new byte[maxBytes];
  }

  synchronized void add(byte[] more) {
    int skipped = Math.max(0, more.length - ring.length);
    written += skipped;
    for (int i = skipped; i < more.length; i++) {
      ring[(int) (written++ % ring.length)] = more[i];
    }
  }

  /**
   * Returns the bytes as text. If the beginning was cut off, the text starts after the next white
   * space: masking would not recognize a part of a secret.
   */
  synchronized String text() {
    int length = (int) Math.min(written, ring.length);
    byte[] last = new byte[length];
    for (int i = 0; i < length; i++) {
      last[i] = ring[(int) ((written - length + i) % ring.length)];
    }
    int begin = 0;
    if (written > length) {
      while (begin < length && !isSpace(last[begin])) begin++;
    }
    return new String(last, begin, length - begin, StandardCharsets.UTF_8);
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\n' || b == '\r' || b == '\t';
  }
}
