package dev.chowder.checks.page;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A document with commands, which checks run as a user pastes them.
 *
 * @param name its path, for messages
 * @param lines its text
 */
public record Page(String name, List<String> lines) {
  private static final String FENCE = "```";
  private static final Pattern CODE = Pattern.compile("`([^`]+)`");

  public Page {
    lines = List.copyOf(lines);
  }

  public static Page read(Path file) {
    try {
      return new Page(file.toString(), Files.readAllLines(file));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /**
   * Returns the commands of the only fence whose first line begins with this text, without the
   * indentation of a list.
   *
   * @throws IllegalStateException if there is no such fence, or more than one
   */
  public String commands(String first) {
    var found = fences().stream().filter(fence -> fence.startsWith(first)).toList();
    return only(found, "fence that begins with: " + first);
  }

  /**
   * Returns the first command in the second column of the only table row with this goal.
   *
   * @throws IllegalStateException if there is no such row, more than one, or no command in it
   */
  public String commandFor(String goal) {
    var rows = lines.stream().filter(line -> line.startsWith("| " + goal + " |")).toList();
    var row = only(rows, "table row for: " + goal);
    var code = CODE.matcher(row.substring(goal.length() + 4));
    if (!code.find()) throw new IllegalStateException(name + " has no command for: " + goal);
    return code.group(1);
  }

  private String only(List<String> found, String what) {
    if (found.size() == 1) return found.getFirst();
    throw new IllegalStateException(
        "%s must have one %s; it has %d".formatted(name, what, found.size()));
  }

  private List<String> fences() {
    var fences = new ArrayList<String>();
    var block = new ArrayList<String>();
    boolean inside = false;
    for (var line : lines) {
      if (line.strip().startsWith(FENCE)) {
        if (inside) fences.add(String.join("\n", block).stripIndent() + "\n");
        block.clear();
        inside = !inside;
      } else if (inside) {
        block.add(line);
      }
    }
    return fences;
  }
}
