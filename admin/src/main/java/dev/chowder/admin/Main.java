package dev.chowder.admin;

import com.typesafe.config.ConfigFactory;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Terminals;
import java.io.FileDescriptor;
import java.io.FileOutputStream;

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
    var environment =
        new Environment(
            System.getenv(),
            System.in,
            // Not System.out, which does not report that its reader ended.
            new FileOutputStream(FileDescriptor.out),
            new FileOutputStream(FileDescriptor.err),
            Terminals.of(System.getProperty(Terminals.PROPERTY, "")));
    System.exit(AdminRun.of(environment, ConfigFactory::load, arguments));
  }
}
