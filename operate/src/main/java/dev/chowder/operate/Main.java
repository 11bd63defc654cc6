package dev.chowder.operate;

import dev.chowder.cli.command.Environment;

/** Starts the commands for the operator of a machine in a process. */
public final class Main {
  /** The property of Logback that names its configuration. */
  private static final String LOGS = "logback.configurationFile";

  private Main() {}

  /** Runs one command and exits with its code ({@link dev.chowder.cli.failure.ExitCode}). */
  public static void main(String[] arguments) {
    // Before the first class that logs: the jar of the server has a configuration for nodes.
    if (System.getProperty(LOGS) == null) System.setProperty(LOGS, "logback-operate.xml");
    System.exit(OperateRun.of(Environment.ofProcess(), arguments));
  }
}
