package dev.chowder.operate.admin.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.operate.AdminProcess;
import dev.chowder.server.crash.HomeStorage;
import dev.chowder.server.crash.LifecycleRun;
import dev.chowder.server.crash.ListedModels;
import dev.chowder.server.crash.ServerProcess;
import dev.chowder.server.operator.OperatorCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An instance continues after its database is moved or restored from a backup. */
class TransferIT {
  private static final Duration END_LIMIT = Duration.ofSeconds(30);
  private static final int TAG_LINE_BYTES = 91;

  @TempDir Path base;
  private final HomeStorage file = new HomeStorage.File();
  private ListedModels models;
  private HomeStorage.Postgres postgres;
  private Path home;
  private LifecycleRun lifecycle;

  @BeforeEach
  void make() throws IOException {
    models = new ListedModels();
    postgres = new HomeStorage.Postgres();
    home = Files.createDirectory(base.resolve("home"));
    Files.writeString(home.resolve("cluster-id"), "transfer");
    ServerProcess.disarm(home);
    lifecycle = new LifecycleRun(home, models.baseUrl(), _ -> {});
  }

  @AfterEach
  void end() {
    postgres.close();
    models.close();
  }

  @Test
  void anInstanceContinuesAfterAMoveFromH2ToPostgres() throws IOException {
    try (var server = ServerProcess.start(home, file)) {
      lifecycle.begin(server);
      server.terminate();
      server.awaitExit(END_LIMIT);
    }
    var credentials = new HashMap<>(postgres.environment(home));
    var url = Objects.requireNonNull(credentials.remove("CHOWDER_STORAGE_URL"));

    var said = succeeds(credentials, "move-to-postgresql", url);

    assertThat(said).contains("instances: 1 rows", "secret_check: 1 rows");
    continues(postgres);
  }

  @Test
  void anInstanceOnH2ContinuesFromABackupOfARunningServer() throws Exception {
    try (var server = ServerProcess.start(home, file)) {
      lifecycle.begin(server);
      var backup = home.resolve("backups").resolve(order(server));
      server.kill();
      Files.move(home.resolve("data"), home.resolve("lost"));
      var cut = withoutTag(backup);
      var rejected = AdminProcess.run(home, Map.of(), "restore", cut.toString());
      assertThat(rejected.exit()).as(rejected.said()).isEqualTo(1);
      assertThat(rejected.said()).contains("cannot restore the backup: ");
      assertThat(home.resolve("data")).doesNotExist();

      var said = succeeds(Map.of(), "restore", backup.toString());

      assertThat(said).contains("signed by key ");
      assertThat(said).contains("instances: 1 rows", "secret_check: 1 rows");
    }
    continues(file);
  }

  @Test
  void anInstanceOnPostgresContinuesInARestoredDatabase() throws IOException {
    var backup = base.resolve("backup.gz");
    try (var server = ServerProcess.start(home, postgres)) {
      lifecycle.begin(server);
      var _ = succeeds(postgres.environment(home), "backup", backup.toString());
      server.kill();
    }
    try (var another = new HomeStorage.Postgres()) {
      var _ = succeeds(another.environment(home), "restore", backup.toString());
      continues(another);
    }
  }

  /** Only one process can open the file of a database. */
  @Test
  void aRunningServerWritesTheDatabaseOfABackup() throws Exception {
    var backup = base.resolve("backup.tar");
    try (var server = ServerProcess.start(home, file)) {
      lifecycle.begin(server);
      var port = Integer.toString(server.operatorPort());
      var said = succeeds(Map.of("CHOWDER_OPERATOR_PORT", port), "backup", backup.toString());
      assertThat(said).contains("Wrote the backup").doesNotContain(" rows");
      assertThat(home.resolve("backups")).isEmptyDirectory();
      server.kill();
    }
    Files.move(home.resolve("data"), home.resolve("lost"));
    assertThat(succeeds(Map.of(), "restore", backup.toString())).contains("instances: 1 rows");
    continues(file);
  }

  private String succeeds(Map<String, String> environment, String... arguments) throws IOException {
    var result = AdminProcess.run(home, environment, arguments);
    assertThat(result.exit()).as(result.said()).isZero();
    return result.said();
  }

  /** Removes the tag, which is the line after the complete database. */
  private Path withoutTag(Path backup) throws IOException {
    var bytes = Files.readAllBytes(backup);
    return Files.write(base.resolve("cut.gz"), Arrays.copyOf(bytes, bytes.length - TAG_LINE_BYTES));
  }

  /**
   * Checks that the same instance continues at the same revision with readable secrets, until its
   * deletion.
   */
  private void continues(HomeStorage storage) throws IOException {
    try (var server = ServerProcess.start(home, storage)) {
      lifecycle.awaitSteady(server);
      lifecycle.stop(server);
      lifecycle.awaitSteady(server);
      lifecycle.start(server);
      lifecycle.awaitSteady(server);
      lifecycle.finish(server);
    }
  }

  private String order(ServerProcess server) throws Exception {
    var token = Files.readString(home.resolve("operator.token")).strip();
    var answer = OperatorCalls.send(server.operatorPort(), token, "CreateBackup", "{}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    return answer.body().replaceAll("(?s).*\"file\":\"([^\"]+)\".*", "$1");
  }
}
