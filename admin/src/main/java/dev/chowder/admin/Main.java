package dev.chowder.admin;

import com.typesafe.config.ConfigFactory;
import dev.chowder.cli.command.Environment;

/**
 * Starts the command line of operators in a process of its own, without an installation. Tests use
 * it.
 */
public final class Main {
  /** The property of Logback that names its configuration. */
  private static final String LOGS = "logback.configurationFile";

  private Main() {}

  /** Runs one command and exits with its code ({@link dev.chowder.cli.failure.ExitCode}). */
  public static void main(String[] arguments) {
    // Before the first class that logs: the jar of the server has a configuration for nodes.
    if (System.getProperty(LOGS) == null) System.setProperty(LOGS, "logback-admin.xml");
    System.exit(AdminRun.of(Environment.ofProcess(), ConfigFactory::load, arguments));
  }
}
