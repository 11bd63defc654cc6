package dev.chowder.operate.swap;

import java.util.Locale;

/** Sizes in messages. */
final class Gibibytes {
  private Gibibytes() {}

  static String text(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
  }
}
