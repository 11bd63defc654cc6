package dev.chowder.server.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.crash.Journey.Ask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stories of {@link CrashIT} in which the database has a part, on a real PostgreSQL. */
class PostgresCrashIT {
  private static final Duration DEATH_LIMIT = Duration.ofSeconds(90);
  private static final Duration REPAIR_LIMIT = Duration.ofSeconds(60);

  @TempDir Path base;
  private ListedModels models;
  private HomeStorage.Postgres storage;
  private Lane lane;
  private Journey journey;

  @BeforeEach
  void start() throws IOException {
    models = new ListedModels();
    storage = new HomeStorage.Postgres();
    lane = new Lane(base.resolve("lane"), storage);
    lane.begin();
    journey = new Journey(lane.home(), models.baseUrl(), _ -> {});
  }

  @AfterEach
  void end() {
    lane.close();
    storage.close();
    models.close();
  }

  @Test
  void anInstanceThatRunsIsThereAfterAKillAndLivesToItsEnd() throws IOException {
    journey.begin(lane.server());
    assertThat(Files.exists(lane.home().resolve("data").resolve("chowder.mv.db")))
        .as("a file of H2 beside it")
        .isFalse();
    lane.server().kill();
    lane.restart();
    journey.settle(lane.server());
    journey.finish(lane.server());
  }

  @Test
  void aCreateThatWasAcknowledgedIsNotLostWhenTheServerIsKilledAtOnce() throws IOException {
    var victim = lane.server();
    journey =
        new Journey(
            lane.home(),
            models.baseUrl(),
            ask -> {
              if (ask == Ask.CREATE) victim.kill();
            });
    try {
      journey.begin(victim);
    } catch (ServerDied expected) {
      assertThat(expected).hasCauseInstanceOf(Exception.class);
    }
    victim.endsWithin(DEATH_LIMIT);
    lane.restart();
    journey.settle(lane.server());
    journey.finish(lane.server());
  }

  @Test
  void readRowsThatWereLostAreThereAgainAfterAStart() throws Exception {
    journey.begin(lane.server());
    lane.server().kill();
    try (var connection = storage.connect(lane.home());
        var statement = connection.createStatement()) {
      statement.execute("DELETE FROM instances");
      statement.execute("DELETE FROM organizations");
    }
    lane.restart();
    lane.server().awaitLine(Pattern.compile("organizations=\\d+ had rows behind"), REPAIR_LIMIT);
    lane.server().awaitLine(Pattern.compile("instances=\\d+ had rows behind"), REPAIR_LIMIT);
    journey.settle(lane.server());
    journey.finish(lane.server());
  }
}
