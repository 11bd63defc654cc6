package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Docker's engine stops while agents run. The test has its own engine in its own network, with an
 * installation next to it ({@link SeparateEngine}), so no other containers are affected.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class EngineRestartE2E {
  /** Reasons for an agent that the engine's stop, or the engine's SIGTERM, ended. */
  private static final Set<String> NOT_CRASHED = Set.of("ENGINE_RESTARTED", "GATEWAY_STOPPED");

  private static final String QUESTION = "What did I ask you to remember?";

  private final String nonce = UUID.randomUUID().toString();
  private @Nullable SeparateEngine engine;
  private String first = "";
  private String second = "";

  @BeforeAll
  void anEngineWithAnInstallation() throws IOException {
    engine = SeparateEngine.start();
    up();
    first = Files.readString(home("first-instance")).strip();
    Files.writeString(
        home("authorization"),
        "Authorization: Bearer " + Files.readString(home("organization.key")).strip());
    assertThat(send(first, "Remember: " + nonce)).contains(nonce);
  }

  @AfterAll
  void nothingRemains() {
    // A start that fails removes its engine.
    if (engine == null) return;
    try {
      var _ = engine().in(script("down"), "--purge", "--keep-cache");
    } finally {
      engine().close();
    }
  }

  @Test
  @Order(1)
  void afterARebootAgentsStartAgainWithTheirHistory() throws IOException {
    String before = startedAt(first);
    reboot();
    awaitStatus(first, "running");
    assertThat(startedAt(first)).isNotEqualTo(before);
    assertThat(send(first, QUESTION)).contains(nonce);
  }

  /** Kills Chowder's processes as a power failure would. The engine itself stops more gently. */
  private void reboot() throws IOException {
    for (String process : List.of("server", "envoy", "demo-model")) {
      // Supervisors end first; otherwise they would restart the processes.
      for (String file : List.of(process + ".supervisor", process + ".pid")) {
        var pid = Long.parseLong(Files.readString(home("run/" + file)).strip());
        assertThat(ProcessHandle.of(pid).orElseThrow().destroyForcibly()).isTrue();
      }
    }
    engine().stop();
    engine().startAgain();
    up();
  }

  /** The second restart within ten minutes: the first agent backs off and starts once more. */
  @Test
  @Order(2)
  void afterAnotherEngineRestartEveryAgentRunsAgain() {
    second =
        call("POST", "/v1/instances", "{\"name\": \"second\", \"model_provider\": \"custom\"}")
            .path("id")
            .asText();
    awaitStatus(second, "running");
    String firstBefore = startedAt(first);
    String secondBefore = startedAt(second);
    engine().stop();
    engine().startAgain();
    awaitAnotherStart(second, secondBefore);
    assertThat(send(second, "Reply with exactly: back")).isEqualTo("back");
    assertThat(get(first).path("desired_status").asText())
        .as(() -> statusOf(first) + " " + call("GET", "/v1/instances/" + first + "/events", ""))
        .isEqualTo("running");
    awaitAnotherStart(first, firstBefore);
    assertThat(send(first, QUESTION)).contains(nonce);
    assertThat(lossesOf(first)).hasSize(2).allMatch(NOT_CRASHED::contains);
    assertThat(lossesOf(second)).hasSize(1).allMatch(NOT_CRASHED::contains);
    assertThat(engine().in("iptables", "-S", "DOCKER-USER").output()).contains("-j CHOWDER");
  }

  /**
   * Its memory goes to zram, which {@code scripts/up} sets up if the kernel has the module and the
   * host has no other swap. Without zram, the test shows no page-out, because no swap on a disk is
   * permitted here. Its processes end with the engine.
   */
  @Test
  @Order(3)
  void aSleeperKeepsItsHistoryThroughAPageOutAndTheEndOfTheEngine() throws IOException {
    boolean zram = Files.readString(Path.of("/proc/swaps")).contains("/zram");
    assertThat(send(second, "Remember: " + nonce)).contains(nonce);
    freeze(second);
    if (zram) awaitLevel(second, "paged_out");
    assertThat(start(second)).isEqualTo(zram ? "page_in" : "thaw");
    assertThat(send(second, QUESTION)).contains(nonce);

    freeze(second);
    engine().stop();
    engine().startAgain();
    assertThatItSleptUntilTheEngineEnded();

    freeze(second);
    reboot();
    assertThatItSleptUntilTheEngineEnded();
  }

  private void assertThatItSleptUntilTheEngineEnded() {
    awaitLevel(second, "off");
    assertThat(statusOf(second)).isEqualTo("stopped");
    assertThat(start(second)).isEqualTo("boot");
    assertThat(send(second, QUESTION)).contains(nonce);
    assertThat(lossesOf(second)).hasSize(1);
  }

  /** Stops the agent until it is frozen: a gateway that is busy for too long ends instead. */
  private void freeze(String agent) {
    String level = stop(agent);
    for (int again = 1; again <= 2 && level.equals("off"); again++) {
      var _ = start(agent);
      level = stop(agent);
    }
    assertThat(level).isEqualTo("frozen");
  }

  private String stop(String agent) {
    return call("POST", "/v1/instances/" + agent + "/stop?wait=170", "")
        .path("sleep_level")
        .asText();
  }

  private String start(String agent) {
    var _ = call("POST", "/v1/instances/" + agent + "/start", "");
    awaitStatus(agent, "running");
    return get(agent).path("served_by").asText();
  }

  private void awaitLevel(String agent, String level) {
    var _ =
        Eventually.get(
            agent + " " + level,
            Limits.STEP,
            () -> get(agent).path("sleep_level").asText(),
            now -> now.equals(level));
  }

  private void awaitAnotherStart(String agent, String before) {
    var _ =
        Eventually.get(
            "another start",
            Limits.PROVISIONING,
            () -> startedAt(agent),
            now -> !now.isEmpty() && !now.equals(before));
    awaitStatus(agent, "running");
  }

  private List<String> lossesOf(String agent) {
    var losses = new ArrayList<String>();
    for (var event : call("GET", "/v1/instances/" + agent + "/events", "").path("events")) {
      if (event.path("type").asText().equals("gateway_lost")) {
        losses.add(event.path("reason").asText());
      }
    }
    return losses;
  }

  private void up() {
    // Sleepers go to swap at the next check.
    var _ = engine().in("env", "CHOWDER_PAGE_OUT_DELAY=1s", script("up"));
  }

  private void awaitStatus(String agent, String status) {
    var _ =
        Eventually.get(
            agent + " " + status,
            Limits.PROVISIONING,
            () -> statusOf(agent),
            now -> now.equals(status));
  }

  /** Returns the status, followed by the error if there is one. */
  private String statusOf(String agent) {
    var instance = get(agent);
    return Stream.of("status", "error_reason", "error_message")
        .map(field -> instance.path(field).asText())
        .filter(value -> !value.isEmpty())
        .collect(Collectors.joining(" "));
  }

  private JsonNode get(String agent) {
    return call("GET", "/v1/instances/" + agent, "");
  }

  private String send(String agent, String input) {
    var message = Agent.message(input).toString();
    return Answer.agentText(call("POST", "/v1/instances/" + agent + "/responses", message));
  }

  private JsonNode call(String method, String path, String body) {
    var port = Installation.UNDER_TEST.rest().getPort();
    return engine().call(method, "http://localhost:" + port + path, "authorization", body);
  }

  /**
   * Returns the container's start time; empty if it has no container, because each attempt gets a
   * new one.
   */
  private String startedAt(String agent) {
    return engine()
        .inside("docker", "inspect", "--format", "{{.State.StartedAt}}", "sb-" + agent + "-gateway")
        .attempt()
        .text();
  }

  private Path home(String file) {
    return engine().home().resolve(file);
  }

  private static String script(String name) {
    return Path.of("..", "scripts", name).toString();
  }

  private SeparateEngine engine() {
    return Objects.requireNonNull(engine);
  }
}
