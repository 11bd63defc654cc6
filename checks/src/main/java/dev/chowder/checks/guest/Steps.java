package dev.chowder.checks.guest;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Runs steps one after another, and prints the result of each. {@link StepReport} reads these
 * lines.
 *
 * @param out for the lines, and for the context of a failure
 * @param clock the time of a line, in seconds
 * @param context what explains a failure, such as a log
 */
public record Steps(PrintStream out, Supplier<String> clock, Supplier<String> context) {
  /** The beginning of each line. */
  static final String MARK = "check: ";

  static final String FAILED = "FAILED: ";
  static final String ALL_PASSED = "all passed";

  private static final Pattern FRACTION = Pattern.compile("[. ].*", Pattern.DOTALL);

  /** The work of a step. Each exception and error is a failure. */
  @FunctionalInterface
  public interface Step {
    void run() throws Exception;
  }

  /** Creates steps that print to the standard output the time since the machine's start. */
  public static Steps sinceBoot(Supplier<String> context) {
    return new Steps(System.out, Steps::uptime, context);
  }

  /**
   * Runs a step.
   *
   * @param what a sentence that is true if the step passes
   * @throws AssertionError if it fails
   */
  public void step(String what, Step step) {
    try {
      step.run();
    } catch (Exception | AssertionError failed) {
      if (failed instanceof InterruptedException) Thread.currentThread().interrupt();
      say(FAILED + what + ": " + failed);
      out.println(context.get());
      throw new AssertionError(what, failed);
    }
    say("passed after %s s: %s".formatted(clock.get(), what));
  }

  /** Prints a measured value of the running step. */
  public void note(String text) {
    say("  " + text);
  }

  /** Prints that all steps passed. The report of a check without this line is a failure. */
  public void end() {
    say(ALL_PASSED);
  }

  /** Prints one line. */
  public void say(String text) {
    out.println(MARK + text.replaceAll("\\R", " "));
    out.flush();
  }

  private static String uptime() {
    try {
      var text = Files.readString(Path.of("/proc/uptime"));
      return FRACTION.matcher(text).replaceFirst("");
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
