package dev.chowder.cli.command;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.failure.IoCause;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reads secrets of users: from a file, from standard input, or typed without an echo. Never from an
 * argument, which other users of the machine can see.
 */
public final class Secrets {
  private static final int MAX_BYTES = 32 << 10;

  private Secrets() {}

  /**
   * Reads a secret.
   *
   * @param file absent for standard input or the terminal
   * @param prompt what the user is asked for on a terminal
   */
  public static String read(Invocation invocation, @Nullable Path file, String prompt) {
    var typed = file == null ? typed(invocation, prompt) : null;
    if (typed != null) return typed;
    try (var stream =
        file == null ? invocation.environment().input() : Files.newInputStream(file)) {
      var bytes = stream.readNBytes(MAX_BYTES + 1);
      if (bytes.length <= MAX_BYTES) return new String(bytes, StandardCharsets.UTF_8).strip();
    } catch (IOException unreadable) {
      throw wrong(file, IoCause.of(unreadable));
    }
    throw wrong(file, "it has more than 32 KiB");
  }

  /**
   * Returns what the user typed; absent if standard input is not a terminal.
   *
   * @throws CommandException if the terminal would show what the user types
   */
  @SuppressWarnings("SystemConsoleNull") // It is null in Java 25, but not in Java 22 to 24.
  public static @Nullable String typed(Invocation invocation, String prompt) {
    if (!invocation.environment().terminals().input()) return null;
    // Only a console hides what the user types. Java has one only if standard output is a terminal.
    var console = System.console();
    if (console == null || !console.isTerminal()) {
      throw ExitCode.USAGE.failure(
          "cannot read the secret without showing it, because standard output is not a terminal; use a file or a pipe, such as --key-file");
    }
    var typed = console.readPassword("%s: ", prompt);
    return typed == null ? "" : new String(typed).strip();
  }

  private static CommandException wrong(@Nullable Path file, String why) {
    return ExitCode.USAGE.failure(
        "cannot use the secret in %s: %s; name another file"
            .formatted(file == null ? "standard input" : file, why));
  }
}
