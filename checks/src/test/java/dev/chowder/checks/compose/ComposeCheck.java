package dev.chowder.checks.compose;

import dev.chowder.checks.Project;
import dev.chowder.checks.WorkFolder;
import dev.chowder.checks.docker.Docker;
import java.io.IOException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Uses the Compose project of a release with the commands of {@code docs/operations}, from the
 * start to the removal: agents, a backup, a restore, an upgrade and a migration. Without a
 * container registry, the images are made of Debian's packages, which needs root.
 */
class ComposeCheck {
  private final Project project = Project.here();

  @BeforeEach
  void ensureEngine() {
    Docker.ensure(project);
  }

  @Test
  void thePluginRunsTheCommandsOfThePages() throws IOException {
    use(Compose.plugin());
  }

  @Test
  void theStandaloneProgramRunsTheCommandsOfThePages() throws IOException {
    use(Compose.standalone(project));
  }

  private void use(Compose version) throws IOException {
    try (var work = WorkFolder.create("chowder-compose");
        var walk = new ComposeWalk(project, version, work.path())) {
      walk.use();
    }
  }
}
