package dev.chowder.server.cluster;

import dev.chowder.testprogram.TestPrograms;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;

/**
 * The wall clock of one node, which a test can set while the node runs. The monotonic clock is
 * unaffected, as when a real clock is set.
 */
final class WallClock {
  private final Path library;
  private final Path file;

  private WallClock(Path library, Path file) {
    this.library = library;
    this.file = file;
  }

  /**
   * Prepares a correct clock.
   *
   * @param file file that holds the offset
   */
  static WallClock at(Path file) {
    var clock = new WallClock(TestPrograms.here().faketime(), file);
    clock.set(Duration.ZERO);
    return clock;
  }

  /** Returns the environment of the process that uses this clock. */
  Map<String, String> environment() {
    return Map.of(
        "LD_PRELOAD", library.toString(),
        "FAKETIME_TIMESTAMP_FILE", file.toString(),
        "FAKETIME_DONT_FAKE_MONOTONIC", "1",
        // If this is on, timed waits of a JVM never wait. It repairs only old systems.
        "FAKETIME_FORCE_MONOTONIC_FIX", "0",
        "NO_FAKE_STAT", "1",
        // Seconds until a new setting takes effect.
        "FAKETIME_CACHE_DURATION", "1");
  }

  /** Sets the clock ahead of the real time, or back if negative. */
  void set(Duration ahead) {
    try {
      var next = file.resolveSibling(file.getFileName() + ".next");
      Files.writeString(next, "%+d\n".formatted(ahead.toSeconds()));
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }
}
