package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chowder.server.cluster.DatabaseServer;
import dev.chowder.server.crash.RecordedInstallation;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs {@code scripts/up} of this version on an installation of an earlier one, whose agents run on
 * a real Docker and OpenClaw. One agent keeps running during the upgrade.
 */
class UpgradeE2E {
  private static final String QUESTION = "What did I ask you to remember?";

  private final RecordedInstallation recorded = RecordedInstallation.first();
  private final Map<String, String> environment = new HashMap<>(recorded.environment());
  private final URI rest = URI.create("http://localhost:" + setting("CHOWDER_REST_PORT"));
  private final Caller owner = new Caller(rest, recorded.key("organization"));
  private final Caller neighbor = new Caller(rest, recorded.key("neighbor"));
  @TempDir private Path folder;

  @AfterEach
  void nothingRemains() {
    run("down", "--purge", "--keep-cache");
  }

  /** {@code UpgradeIT} has the same rows on H2, with simulated sandboxes. */
  @Test
  @Tag("soak")
  void anInstallationOnH2ContinuesAfterTheUpgrade() throws IOException {
    place();
    everythingContinues(true);
  }

  @Test
  void anInstallationOnPostgresContinuesAfterTheUpgrade() throws IOException, SQLException {
    var server = DatabaseServer.shared();
    var database = "upgrade_" + UUID.randomUUID().toString().replace("-", "");
    server.administer("CREATE DATABASE " + database);
    try {
      try (var connection = server.connect(database)) {
        recorded.placePostgres(connection);
      }
      place();
      Files.delete(home().resolve("data").resolve("chowder.mv.db"));
      environment.put("CHOWDER_STORAGE_URL", server.url() + "/" + database);
      environment.put("CHOWDER_STORAGE_USER", server.user());
      environment.put("CHOWDER_STORAGE_PASSWORD", server.password());
      // Nodes never change the tables of a PostgreSQL that others may use, so an operator migrates
      // them.
      run("chowder", "admin", "migrate");
      everythingContinues(false);
    } finally {
      run("down");
      server.administer("DROP DATABASE " + database + " WITH (FORCE)");
    }
  }

  /**
   * Checks and deletes all instances.
   *
   * @param recovers whether to boot the agent in {@code error}, too. {@code UpgradeIT} recovers it
   *     in a simulated sandbox.
   */
  private void everythingContinues(boolean recovers) throws IOException {
    var telegram = Integer.parseInt(setting("CHOWDER_CHANNEL_LOCALHOST_PORTS"));
    try (var bot = new FakeTelegram(telegram, "123456789:sleeper-of-the-record")) {
      run("up");
      assertThat(statuses(owner)).isEqualTo(recordedStatuses("instances"));
      assertThat(statuses(neighbor)).isEqualTo(recordedStatuses("neighbor-instances"));
      Agent hello = agent("hello");
      answersWith(hello, "apples");
      assertThat(hello.gatewayToken()).isEqualTo(recorded.gatewayToken("hello"));

      // Runs while the others boot, so that at most two agents need memory at a time.
      Agent sleeper = agent("sleeper");
      sleeper.start(0).is(200);
      delete(hello);
      Agent crashed = agent("crashed");
      if (recovers) owner.post(crashed.path("/recover?wait=0")).is(200);

      sleeper.awaitRunning();
      // The recorded process has ended.
      assertThat(sleeper.get().text("served_by")).isEqualTo("boot");
      answersWith(sleeper, "pears");
      configurationIsAsAccepted(sleeper);
      Eventually.get("polls", Limits.STEP, bot::polls, polls -> polls > 0);
      if (recovers) assertThatItRecovered(crashed);

      assertThat(sleeper.stop(180).is(200).text("sleep_level")).isEqualTo("frozen");
      delete(sleeper);
      delete(crashed);
      delete(new Agent(neighbor, recorded.instance("never-ran")));
      assertThat(statuses(owner)).isEmpty();
      assertThat(statuses(neighbor)).isEmpty();
    }
  }

  private static void assertThatItRecovered(Agent crashed) throws IOException {
    Eventually.get("recovered", Limits.STEP, crashed::get, is("running"));
    answersWith(crashed, "plums");
    assertThat(Workspace.config(crashed).at("/channels/telegram/enabled").asBoolean(true))
        .as("its channel was disconnected before the upgrade")
        .isFalse();
  }

  /** Its configuration contains the pending overrides, the applied overrides and the channel. */
  private static void configurationIsAsAccepted(Agent sleeper) throws IOException {
    JsonNode config = Workspace.config(sleeper);
    assertThat(config.at("/messages/ackReaction").asText()).isEqualTo("tada");
    assertThat(config.at("/skills/entries/weather/apiKey").asText())
        .isEqualTo("weather-key-of-the-record");
    assertThat(config.at("/channels/telegram/botToken").asText())
        .isEqualTo("123456789:sleeper-of-the-record");
  }

  /** Waits, because its gateway may still be booting. */
  private static void answersWith(Agent agent, String remembered) {
    Answer answer =
        Eventually.get(
            agent.id() + " answers",
            Limits.STEP,
            () -> agent.send(QUESTION),
            got -> got.status() == 200);
    assertThat(answer.agentText()).contains(remembered);
  }

  private static void delete(Agent agent) {
    agent.delete().is(204);
    Eventually.get("nothing left", Limits.STEP, () -> Docker.leftOf(agent), String::isEmpty);
  }

  private static Predicate<Answer> is(String status) {
    return answer -> answer.text("status").equals(status);
  }

  private Agent agent(String name) {
    return new Agent(owner, recorded.instance(name));
  }

  private static Map<String, String> statuses(Caller caller) {
    return statuses(caller.get("/v1/instances?page_size=100").is(200).json());
  }

  private Map<String, String> recordedStatuses(String list) {
    return statuses(recorded.answer(list));
  }

  private static Map<String, String> statuses(JsonNode list) {
    var statuses = new TreeMap<String, String>();
    for (JsonNode instance : list.path("instances")) {
      statuses.put(instance.path("name").asText(), instance.path("status").asText());
    }
    return statuses;
  }

  private void place() throws IOException {
    new PlacedRecord(recorded).place(home());
  }

  private String setting(String name) {
    return Objects.requireNonNull(recorded.environment().get(name), name);
  }

  private Path home() {
    return folder.resolve("home");
  }

  private void run(String script, String... arguments) {
    var words = new ArrayList<String>();
    words.add(Path.of("..", "scripts", script).toString());
    words.addAll(List.of(arguments));
    environment.put("CHOWDER_HOME", home().toString());
    Command.run(Limits.PROVISIONING, words, environment);
  }
}
