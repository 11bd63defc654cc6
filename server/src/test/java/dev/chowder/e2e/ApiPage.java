package dev.chowder.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A page of {@code docs/api}: fenced commands, each followed by the output that the page shows.
 * Does not check whether the text between them is true.
 *
 * @param text content of the file
 */
record ApiPage(Path file, String text, List<Step> steps) {
  static final Path FOLDER = Path.of("..", "docs", "api");

  /** The page with the preparation that every other page needs. */
  static final String BEFORE = "README.md";

  private static final Pattern FENCE =
      Pattern.compile("^```(\\w*)\\n(.*?)^```\\n", Pattern.MULTILINE | Pattern.DOTALL);
  private static final Pattern EDGE = Pattern.compile("^\\s*(?:```|~~~)", Pattern.MULTILINE);
  private static final Set<String> ANSWERS = Set.of("json", "text");

  /**
   * Commands that are run together.
   *
   * @param where file and line, for failure messages
   * @param shown expected output as lines; empty if the commands print nothing
   * @param begin offset of the output's fence in the page, or where it would start
   * @param end offset of the end of that fence
   */
  record Step(String where, String commands, String shown, int begin, int end) {}

  /** Returns all pages except the first, sorted by name. */
  static List<Path> files() throws IOException {
    try (var files = Files.list(FOLDER)) {
      return files
          .filter(file -> file.toString().endsWith(".md"))
          .filter(file -> !file.endsWith(BEFORE))
          .sorted()
          .toList();
    }
  }

  static ApiPage read(Path file) throws IOException {
    return of(file, Files.readString(file));
  }

  /** Rejects pages with parts that would be neither run nor compared. */
  static ApiPage of(Path file, String text) {
    List<MatchResult> fences = FENCE.matcher(text).results().toList();
    if (EDGE.matcher(text).results().count() != 2L * fences.size()) {
      throw new AssertionError(file + ": a fence is indented or has no end");
    }
    var steps = new ArrayList<Step>();
    boolean answered = true;
    for (MatchResult fence : fences) {
      String where = file.getFileName() + ":" + line(text, fence.start());
      String kind = fence.group(1);
      if (kind.equals("sh")) {
        steps.add(new Step(where, fence.group(2), "", fence.end(), fence.end()));
        answered = false;
      } else if (ANSWERS.contains(kind) && !answered) {
        Step asked = steps.removeLast();
        steps.add(
            new Step(asked.where(), asked.commands(), fence.group(2), fence.start(), fence.end()));
        answered = true;
      } else {
        throw new AssertionError(
            "%s: fence must be sh, or one of %s after it; got %s".formatted(where, ANSWERS, kind));
      }
    }
    if (steps.isEmpty()) throw new AssertionError(file + ": no commands");
    return new ApiPage(file, text, steps);
  }

  private static long line(String text, int position) {
    return text.substring(0, position).lines().count() + 1;
  }
}
