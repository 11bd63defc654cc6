package dev.chowder.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Runs commands fence by fence in one bash, as a reader pastes them. The bash ends at the first
 * failure. Variables that one fence sets are visible in the next.
 */
final class PastedCommands {
  private PastedCommands() {}

  /**
   * The result.
   *
   * @param outputs standard output of each fence that started
   * @param whole whether the last fence ended without a failure
   * @param errors standard error of all fences
   */
  record Outcome(List<String> outputs, boolean whole, String errors) {}

  /**
   * Runs the fences.
   *
   * @param folder empty folder for this run alone
   */
  static Outcome run(
      Path folder, List<String> fences, Map<String, String> environment, Duration limit)
      throws IOException {
    var script = new StringBuilder("set -euo pipefail\n");
    for (int i = 0; i < fences.size(); i++) {
      script.append("exec >'%s'\n%s".formatted(output(folder, i), fences.get(i)));
    }
    Path file = Files.writeString(folder.resolve("pasted"), script.append("exit 0\n"));
    var ended = Command.attempt(limit, List.of("bash", file.toString()), environment);
    var outputs = new ArrayList<String>();
    for (int i = 0; i < fences.size() && Files.exists(output(folder, i)); i++) {
      outputs.add(Files.readString(output(folder, i)));
    }
    return new Outcome(outputs, ended.exit() == 0 && outputs.size() == fences.size(), ended.err());
  }

  private static Path output(Path folder, int fence) {
    return folder.resolve("output-" + fence);
  }
}
