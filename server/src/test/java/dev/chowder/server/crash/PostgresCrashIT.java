package dev.chowder.server.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.crash.LifecycleRun.Ask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the scenarios of {@link CrashIT} that depend on the database on a real PostgreSQL. */
class PostgresCrashIT {
  private static final Duration DEATH_LIMIT = Duration.ofSeconds(90);
  private static final Duration REPAIR_LIMIT = Duration.ofSeconds(60);

  @TempDir Path base;
  private ListedModels models;
  private HomeStorage.Postgres storage;
  private Lane lane;
  private LifecycleRun lifecycle;

  @BeforeEach
  void start() throws IOException {
    models = new ListedModels();
    storage = new HomeStorage.Postgres();
    lane = new Lane(base.resolve("lane"), storage, new Launcher.Processes(), List.of());
    lane.begin();
    lifecycle = new LifecycleRun(lane.home(), models.baseUrl(), _ -> {});
  }

  @AfterEach
  void end() {
    lane.close();
    storage.close();
    models.close();
  }

  @Test
  void aRunningInstanceSurvivesAKillOfTheServer() throws IOException {
    lifecycle.begin(lane.server());
    assertThat(Files.exists(lane.home().resolve("data").resolve("chowder.mv.db")))
        .as("a file of H2 beside it")
        .isFalse();
    lane.server().kill();
    lane.restart();
    lifecycle.awaitSteady(lane.server());
    lifecycle.finish(lane.server());
  }

  @Test
  void anAcknowledgedCreateSurvivesAnImmediateKill() throws IOException {
    var victim = lane.server();
    lifecycle =
        new LifecycleRun(
            lane.home(),
            models.baseUrl(),
            ask -> {
              if (ask == Ask.CREATE) victim.kill();
            });
    try {
      lifecycle.begin(victim);
    } catch (ServerDied expected) {
      assertThat(expected).hasCauseInstanceOf(Exception.class);
    }
    victim.endsWithin(DEATH_LIMIT);
    lane.restart();
    lifecycle.awaitSteady(lane.server());
    lifecycle.finish(lane.server());
  }

  @Test
  void lostReadRowsAreRestoredAtTheNextStart() throws Exception {
    lifecycle.begin(lane.server());
    lane.server().kill();
    try (var connection = storage.connect(lane.home());
        var statement = connection.createStatement()) {
      statement.execute("DELETE FROM instances");
      statement.execute("DELETE FROM organizations");
    }
    lane.restart();
    lane.server()
        .awaitLine(Pattern.compile("organizations=\\d+ stale rows repaired"), REPAIR_LIMIT);
    lane.server().awaitLine(Pattern.compile("instances=\\d+ stale rows repaired"), REPAIR_LIMIT);
    lifecycle.awaitSteady(lane.server());
    lifecycle.finish(lane.server());
  }
}
