package dev.chowder.cli.output;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/** Durations as people write and read them. */
public final class Spans {
  private static final Pattern TEXT = Pattern.compile("([0-9]{1,6})(s|m|h)");

  private Spans() {}

  /** Reads a duration such as {@code 90s}, {@code 10m} or {@code 2h}; empty if it is none. */
  public static Optional<Duration> parse(String text) {
    var match = TEXT.matcher(text);
    if (!match.matches()) return Optional.empty();
    long number = Long.parseLong(match.group(1));
    return Optional.of(
        switch (match.group(2)) {
          case "s" -> Duration.ofSeconds(number);
          case "m" -> Duration.ofMinutes(number);
          default -> Duration.ofHours(number);
        });
  }

  /** Returns an age in its largest unit, such as {@code 5m} or {@code 3d}; 0s if negative. */
  public static String age(Duration age) {
    long seconds = Math.max(0, age.toSeconds());
    if (seconds < 60) return seconds + "s";
    if (seconds < 3600) return seconds / 60 + "m";
    if (seconds < 86_400) return seconds / 3600 + "h";
    return seconds / 86_400 + "d";
  }

  /** Returns a short duration with its precision, such as {@code 240ms} or {@code 12.3s}. */
  public static String precise(Duration duration) {
    long millis = Math.max(0, duration.toMillis());
    if (millis < 1000) return millis + "ms";
    if (millis < 60_000) return "%d.%ds".formatted(millis / 1000, millis % 1000 / 100);
    return "%dm%02ds".formatted(millis / 60_000, millis % 60_000 / 1000);
  }
}
