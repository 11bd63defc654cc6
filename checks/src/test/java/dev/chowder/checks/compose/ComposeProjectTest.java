package dev.chowder.checks.compose;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComposeProjectTest {
  private static final ComposeProject PROJECT =
      new ComposeProject(
          new Compose("docker-compose"), "--build-arg BASE=local ", "chowder/postgres:check");

  @TempDir private Path folder;

  @Test
  void documentedCommandsUseTheImagesAndTheVersionOfTheCheck() {
    assertThat(
            PROJECT.adapted(
                """
                docker build -t localhost/chowder-server -f deploy/Dockerfile .
                docker compose exec server chowder ls
                docker compose exec -T server chowder ls
                docker image rm localhost/chowder-server postgres:17
                """))
        .isEqualTo(
            """
            docker build --build-arg BASE=local -t localhost/chowder-server:check -f deploy/Dockerfile .
            docker-compose exec -T server chowder ls
            docker-compose exec -T server chowder ls
            docker image rm localhost/chowder-server:check chowder/postgres:check
            """);
  }

  @Test
  void theSettingsGetOtherPortsAndNames() throws IOException {
    var settings = folder.resolve(".env");
    Files.copy(Path.of("../deploy/.env"), settings);
    PROJECT.change(settings);
    assertThat(ComposeProject.setting(settings, "CHOWDER_REST_PORT")).isEqualTo("22080");
    assertThat(ComposeProject.setting(settings, "CHOWDER_POSTGRES_PORT")).isEqualTo("22432");
    assertThat(ComposeProject.setting(settings, "COMPOSE_PROJECT_NAME")).isEqualTo("chowder-check");
    assertThat(ComposeProject.setting(settings, "CHOWDER_SERVER_IMAGE"))
        .isEqualTo("localhost/chowder-server:check");
    assertThat(ComposeProject.setting(settings, "CHOWDER_POSTGRES_IMAGE"))
        .isEqualTo("chowder/postgres:check");
  }
}
