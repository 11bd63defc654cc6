package dev.chowder.checks.compose;

import dev.chowder.checks.Project;
import dev.chowder.program.DebianPackages;
import dev.chowder.program.Program;
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
  private static final String PLUGIN = "compose v2.32.4 github.com/docker/compose/v2/cmd 1800";

  private static final Duration BUILD_LIMIT = Duration.ofMinutes(35);

  /** Returns the Compose plugin, which is built from its Go module if Docker has none. */
  public static Compose plugin(Project project) {
    if (Program.of("docker", "compose", "version").succeeds()) return new Compose(DOCUMENTED);
    var script = "set -euo pipefail; . \"$0/common.sh\"; go_program_ensure " + PLUGIN;
    var path =
        Program.of("bash", "-c", script, project.file("scripts/lib").toString())
            .within(BUILD_LIMIT)
            .run()
            .text();
    return new Compose("'" + path + "'");
  }

  /** Returns docker-compose 1.29 of Debian. */
  public static Compose standalone(Project project) {
    new DebianPackages(project.file("scripts/lib")).ensure("docker-compose", "docker-compose");
    return new Compose("docker-compose");
  }

  /** Returns documented commands for this version. */
  public String in(String commands) {
    return commands.replace(DOCUMENTED, command);
  }
}
