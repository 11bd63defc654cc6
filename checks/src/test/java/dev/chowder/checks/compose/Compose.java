package dev.chowder.checks.compose;

import dev.chowder.checks.Project;
import dev.chowder.program.Program;
import dev.chowder.testprogram.GoProgram;
import dev.chowder.testprogram.SourceTree;
import java.time.Duration;

/**
 * A version of Compose.
 *
 * @param command the words that replace {@code docker compose} in the commands of documents
 */
public record Compose(String command) {
  /** The words in documents. */
  static final String DOCUMENTED = "docker compose";

  /** The newest version of the plugin that {@code go install} can build. */
  private static final GoProgram PLUGIN =
      new GoProgram(
          "compose", "v2.32.4", "github.com/docker/compose/v2/cmd", Duration.ofMinutes(30));

  /** Returns the Compose plugin, which is built from its Go module if Docker has none. */
  public static Compose plugin() {
    if (Program.of("docker", "compose", "version").succeeds()) return new Compose(DOCUMENTED);
    return new Compose("'" + PLUGIN.ensure(SourceTree.here()) + "'");
  }

  /** Returns docker-compose 1.29 of Debian. */
  public static Compose standalone(Project project) {
    project.packages().ensure("docker-compose", "docker-compose");
    return new Compose("docker-compose");
  }

  /** Returns documented commands for this version. */
  public String in(String commands) {
    return commands.replace(DOCUMENTED, command);
  }
}
