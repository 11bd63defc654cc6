package dev.chowder.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Commands as somebody pastes them, fence by fence, into one bash that ends at the first failure.
 * What one fence sets, the next one has.
 */
final class PastedCommands {
  private PastedCommands() {}

  /**
   * What became of them.
   *
   * @param outputs of each fence that began
   * @param whole whether the last one came to its end
   * @param errors what was written to standard error
   */
  record Outcome(List<String> outputs, boolean whole, String errors) {}

  /**
   * @param folder empty, for this run alone
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
