package dev.chowder.server.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Runs functions of {@code scripts/lib} for tests. */
final class Script {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private Script() {}

  /**
   * Runs an order and returns its output.
   *
   * @param parts libraries in {@code scripts/lib} besides {@code common}
   * @param order bash code, with {@code arguments} as {@code $1} and so on
   * @throws IllegalStateException if it fails or takes too long
   */
  static String run(List<String> parts, String order, String... arguments) {
    var lib = Path.of("..", "scripts", "lib").toAbsolutePath().normalize();
    var sources =
        parts.stream().map(part -> ". \"$0/" + part + ".sh\"; ").collect(Collectors.joining());
    var command = new ArrayList<String>();
    command.addAll(List.of("bash", "-c"));
    command.add("set -euo pipefail; . \"$0/common.sh\"; " + sources + order + " 2>&1");
    command.add(lib.toString());
    command.addAll(List.of(arguments));
    try {
      var process = new ProcessBuilder(command).redirectErrorStream(true).start();
      var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IllegalStateException(order + ": " + said);
      }
      return said.strip();
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }
}
