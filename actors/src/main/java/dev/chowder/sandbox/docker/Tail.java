package dev.chowder.sandbox.docker;

import java.nio.charset.StandardCharsets;

/** The last bytes of an output of any length, in memory of a fixed size. */
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

  /** As text; a character that the cut went through is replaced. */
  synchronized String text() {
    int length = (int) Math.min(written, ring.length);
    byte[] last = new byte[length];
    for (int i = 0; i < length; i++) {
      last[i] = ring[(int) ((written - length + i) % ring.length)];
    }
    return new String(last, StandardCharsets.UTF_8);
  }
}
