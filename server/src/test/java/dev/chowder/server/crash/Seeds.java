package dev.chowder.server.crash;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Seeds of tests with random moments and faults. The gate uses fixed ones and those of {@code
 * crash-seeds.txt}, which failed once. The soak uses random ones, which it prints. {@code
 * -Dchowder-tool.crash.seed=N} replaces both by one seed, to repeat a failure.
 */
public final class Seeds {
  /** The kind of seeds that decide when a process is killed. */
  public static final String KILL = "kill";

  /** The kind of seeds that decide the order of calls, faults and kills. */
  public static final String FAULTS = "faults";

  private static final String REPLAY = "chowder-tool.crash.seed";
  private static final String FILE = "/crash-seeds.txt";

  private Seeds() {}

  /** Returns the seeds from 1 to a number, and those of the file. */
  public static List<Long> fixed(String kind, int count) {
    var replayed = Long.getLong(REPLAY);
    if (replayed != null) return List.of(replayed);
    return Stream.concat(LongStream.rangeClosed(1, count).boxed(), ofFile(kind).stream())
        .distinct()
        .toList();
  }

  /** Returns consecutive seeds, of which it prints the first one. */
  public static List<Long> random(String kind, int count) {
    var replayed = Long.getLong(REPLAY);
    if (replayed != null) return List.of(replayed);
    long first = new Random().nextInt(1_000, Integer.MAX_VALUE);
    System.out.println(kind + ": " + count + " seeds from " + first);
    return LongStream.range(first, first + count).boxed().toList();
  }

  /** Returns the seeds of one kind that failed once. */
  static List<Long> ofFile(String kind) {
    try (var file = Objects.requireNonNull(Seeds.class.getResourceAsStream(FILE))) {
      return parse(kind, new String(file.readAllBytes(), UTF_8));
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  /** Reads lines of a kind, a seed and a remark. Rejects lines of another form or kind. */
  static List<Long> parse(String kind, String text) {
    return text.lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .map(line -> line.split("\\s+", 3))
        .peek(Seeds::requireComplete)
        .filter(words -> words[0].equals(kind))
        .map(words -> Long.parseLong(words[1]))
        .toList();
  }

  private static void requireComplete(String[] words) {
    if (words.length < 3 || !List.of(KILL, FAULTS).contains(words[0])) {
      throw new IllegalArgumentException(
          "crash-seeds.txt: a line must be a kind, a seed and what it found; got "
              + String.join(" ", words));
    }
  }
}
