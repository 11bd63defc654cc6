package dev.chowder.cli.command;

import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import picocli.CommandLine.Option;

/** The option {@code --yes}, without which the user is asked before something is lost. */
public final class Confirmation {
  private static final int MAX_BYTES = 100;
  private static final Set<String> YES = Set.of("y", "yes");

  @Option(
      names = {"-y", "--yes"},
      description = "do not ask; without it, a question fails if standard input is not a terminal")
  private boolean yes;

  /** Returns if the user agrees. Without a terminal, only the option {@code --yes} agrees. */
  public void require(Console console, String question) {
    if (yes) return;
    if (!console.environment().terminals().input()) {
      throw ExitCode.USAGE.failure(
          "cannot ask whether to continue: there is no terminal; add --yes");
    }
    console.notices().prompt(question + " [y/N] ");
    if (!YES.contains(line(console.environment()).strip().toLowerCase(Locale.ROOT))) {
      throw ExitCode.FAILED.failure(
          "nothing was changed, because the question was not answered with y");
    }
  }

  private static String line(Environment environment) {
    var line = new byte[MAX_BYTES];
    int length = 0;
    try {
      for (int next = environment.input().read();
          next >= 0 && next != '\n' && length < MAX_BYTES;
          next = environment.input().read()) {
        line[length++] = (byte) next;
      }
    } catch (IOException noAnswer) {
      return "";
    }
    return new String(line, 0, length, StandardCharsets.UTF_8);
  }
}
