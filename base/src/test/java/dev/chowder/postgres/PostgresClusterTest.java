package dev.chowder.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests what needs no PostgreSQL. {@code PostgresClusterIT} uses one. */
class PostgresClusterTest {
  @TempDir private Path folder;

  @Test
  void theLimitsHaveDefaults() {
    var cluster = cluster(Map.of("CHOWDER_POSTGRES_STOP_SECONDS", ""));
    assertThat(cluster.startLimit()).isEqualTo(Duration.ofSeconds(60));
    assertThat(cluster.stopLimit()).isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void theEnvironmentSetsTheLimits() {
    var cluster =
        cluster(
            Map.of("CHOWDER_POSTGRES_START_SECONDS", "90", "CHOWDER_POSTGRES_STOP_SECONDS", "5"));
    assertThat(cluster.startLimit()).isEqualTo(Duration.ofSeconds(90));
    assertThat(cluster.stopLimit()).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void aWrongLimitIsRejected() {
    assertThatThrownBy(() -> cluster(Map.of("CHOWDER_POSTGRES_START_SECONDS", "1m")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("CHOWDER_POSTGRES_START_SECONDS: must be a whole number of seconds; got 1m");
  }

  @Test
  void anExistingClusterIsNotCreatedAgain() throws IOException {
    Files.createDirectories(folder.resolve("data"));
    Files.writeString(folder.resolve("data/PG_VERSION"), "15\n");
    cluster(Map.of()).create();
    assertThat(folder.resolve("password")).doesNotExist();
  }

  @Test
  void stoppingDoesNothingWithoutACluster() {
    cluster(Map.of()).stop();
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void deletingRemovesTheFolder() throws IOException {
    Files.writeString(folder.resolve("password"), "secret");
    cluster(Map.of()).delete();
    assertThat(folder).doesNotExist();
  }

  @Test
  void thePasswordIsThatOfItsFile() throws IOException {
    Files.writeString(folder.resolve("password"), "secret\n");
    assertThat(cluster(Map.of()).password()).isEqualTo("secret");
  }

  private PostgresCluster cluster(Map<String, String> variables) {
    return PostgresCluster.of(new PostgresPrograms(Path.of("/nonexistent")), folder, variables);
  }
}
