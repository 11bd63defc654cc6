package dev.chowder.cli;

import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Terminals;
import java.io.FileDescriptor;
import java.io.FileOutputStream;

/** Starts the command line of a process. */
public final class Main {
  private Main() {}

  /** Runs one command and exits with its code ({@link dev.chowder.cli.failure.ExitCode}). */
  public static void main(String[] arguments) {
    var environment =
        new Environment(
            System.getenv(),
            System.in,
            // Not System.out, which does not report that its reader ended.
            new FileOutputStream(FileDescriptor.out),
            new FileOutputStream(FileDescriptor.err),
            Terminals.of(System.getProperty(Terminals.PROPERTY, "")));
    System.exit(CommandLineRun.of(environment, arguments));
  }
}
