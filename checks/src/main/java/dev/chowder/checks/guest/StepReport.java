package dev.chowder.checks.guest;

import java.util.List;

/**
 * The lines that {@link Steps} printed in another process.
 *
 * @param lines without their marks
 */
public record StepReport(List<String> lines) {
  public StepReport {
    lines = List.copyOf(lines);
  }

  /** Reads an output. A terminal adds carriage returns and escapes to it. */
  public static StepReport of(String output) {
    return new StepReport(
        output
            .lines()
            .map(line -> line.replaceAll("[\\r\u001b]", ""))
            .filter(line -> line.startsWith(Steps.MARK))
            .map(line -> line.substring(Steps.MARK.length()))
            .toList());
  }

  /** Returns whether all steps passed: no step failed, and the last line says so. */
  public boolean passed() {
    return !lines.isEmpty()
        && lines.getLast().equals(Steps.ALL_PASSED)
        && lines.stream().noneMatch(line -> line.startsWith(Steps.FAILED));
  }
}
