package dev.chowder.cli;

import dev.chowder.cli.command.Environment;

/** Starts the command line of a process. */
public final class Main {
  private Main() {}

  /** Runs one command and exits with its code ({@link dev.chowder.cli.failure.ExitCode}). */
  public static void main(String[] arguments) {
    System.exit(CommandLineRun.of(Environment.ofProcess(), arguments));
  }
}
