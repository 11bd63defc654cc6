package dev.chowder.server.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * The wall clock of one node, which a test can set while the node runs. What measures durations
 * goes on as it was: so it is when a real clock is set.
 */
final class WallClock {
  private final Path library;
  private final Path file;

  private WallClock(Path library, Path file) {
    this.library = library;
    this.file = file;
  }

  /**
   * Prepares one that is right.
   *
   * @param file where it is written what the clock shows
   */
  static WallClock at(Path file) {
    var said = Script.run(List.of("faketime"), "faketime_ensure");
    var clock = new WallClock(Path.of(said.lines().toList().getLast()), file);
    clock.set(Duration.ZERO);
    return clock;
  }

  /** For the process that is to have it. */
  Map<String, String> environment() {
    return Map.of(
        "LD_PRELOAD", library.toString(),
        "FAKETIME_TIMESTAMP_FILE", file.toString(),
        "FAKETIME_DONT_FAKE_MONOTONIC", "1",
        // On, no timed wait of a JVM waits: it repairs what only old systems have.
        "FAKETIME_FORCE_MONOTONIC_FIX", "0",
        "NO_FAKE_STAT", "1",
        // Seconds until a setting is noticed.
        "FAKETIME_CACHE_DURATION", "1");
  }

  /** Ahead of what it is really; negative: behind. */
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
