package dev.chowder.checks;

import dev.chowder.program.Program;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Runs Maven, with the JDK of this process.
 *
 * @param tree the folder of the sources
 */
public record Maven(Path tree) {
  /**
   * Runs goals.
   *
   * @param what the action, for the error
   * @param arguments goals and options
   * @throws IllegalStateException if Maven fails, with its output
   */
  public void run(String what, Duration limit, String... arguments) {
    Install.run(
        what,
        Program.of("mvn", "-B", "-ntp", "-q")
            .and(arguments)
            .with("JAVA_HOME", System.getProperty("java.home"))
            .in(tree)
            .within(limit));
  }
}
