package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Checks that each ADR has one status, below its title, and that its row in the index has it. */
class DecisionsTest {
  private static final Path FOLDER = Path.of("..", "docs", "adr");
  private static final String LINKS = "\\[\\d{4}]\\(\\S+?\\)(?:(?:, | and )\\[\\d{4}]\\(\\S+?\\))*";
  private static final Pattern STATUS =
      Pattern.compile("# .+\n\nStatus: (accepted|(?:amended|superseded) by " + LINKS + ")[\n:]");
  private static final Pattern STATUS_LINE = Pattern.compile("(?m)^Status:");
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| \\[\\d{4}]\\((\\S+)\\) \\| .+ \\| (.+) \\|$");

  @Test
  void theIndexHasTheStatusOfEachDecision() throws IOException {
    var rows = new TreeMap<String, String>();
    ROW.matcher(Files.readString(FOLDER.resolve("README.md")))
        .results()
        .forEach(row -> rows.put(row.group(1), row.group(2)));
    assertThat(rows).isEqualTo(statuses());
  }

  private static Map<String, String> statuses() throws IOException {
    var statuses = new TreeMap<String, String>();
    try (var files = Files.newDirectoryStream(FOLDER, "[0-9]*.md")) {
      for (var file : files) {
        var text = Files.readString(file);
        var status = STATUS.matcher(text);
        statuses.put(
            file.getFileName().toString(), status.lookingAt() ? status.group(1) : "no status");
        assertThat(STATUS_LINE.matcher(text).results()).as("%s", file).hasSize(1);
      }
    }
    return statuses;
  }
}
