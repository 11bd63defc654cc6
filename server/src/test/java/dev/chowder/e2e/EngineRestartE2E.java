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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Docker's engine stops while agents run and sleep, and once comes back without its disk. The tests
 * have their own engine in its own network, with an installation next to it ({@link
 * SeparateEngine}), so no other containers are affected. They share both, because their start takes
 * minutes.
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
    authorize("organization.key", "authorization");
    authorize("operator.token", "operator-authorization");
    second =
        call("POST", "/v1/instances", "{\"name\": \"second\", \"model_provider\": \"custom\"}")
            .path("id")
            .asText();
    awaitStatus(second, "running");
    assertThat(send(first, "Remember: " + nonce)).contains(nonce);
    assertThat(send(second, "Remember: " + nonce)).contains(nonce);
  }

  private void authorize(String secret, String header) throws IOException {
    Files.writeString(
        home(header), "Authorization: Bearer " + Files.readString(home(secret)).strip());
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

  /**
   * Its memory goes to zram, which {@code scripts/up} sets up if the kernel has the module and the
   * host has no other swap. Without zram, the test shows no page-out, because no swap on a disk is
   * permitted here.
   */
  @Test
  @Order(1)
  void aSleeperKeepsItsHistoryThroughAPageOut() throws IOException {
    boolean zram = Files.readString(Path.of("/proc/swaps")).contains("/zram");
    freeze(second);
    if (zram) awaitLevel(second, "paged_out");
    assertThat(start(second)).isEqualTo(zram ? "page_in" : "thaw");
    assertThat(send(second, QUESTION)).contains(nonce);
  }

  @Test
  @Order(2)
  void afterARebootAnAgentRunsAgainWithItsHistoryAndASleeperStaysStopped() throws IOException {
    String before = startedAt(first);
    freeze(second);
    reboot();
    awaitStatus(first, "running");
    assertThat(startedAt(first)).isNotEqualTo(before);
    assertThat(send(first, QUESTION)).contains(nonce);
    assertThat(lossesOf(first)).hasSize(1).allMatch(NOT_CRASHED::contains);
    assertThatTheSleeperEndedWithTheEngine();
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

  /** Chowder keeps running while the engine restarts. */
  @Test
  @Order(3)
  @Tag("soak")
  void afterAnEngineRestartAnAgentRunsAgainAndASleeperStaysStopped() {
    String before = startedAt(first);
    int losses = lossesOf(first).size();
    freeze(second);
    engine().stop();
    engine().startAgain();
    assertThatTheSleeperEndedWithTheEngine();
    assertThat(get(first).path("desired_status").asText())
        .as(() -> statusOf(first) + " " + call("GET", "/v1/instances/" + first + "/events", ""))
        .isEqualTo("running");
    awaitAnotherStart(first, before);
    assertThat(send(first, QUESTION)).contains(nonce);
    assertThat(lossesOf(first)).hasSize(losses + 1).allMatch(NOT_CRASHED::contains);
    assertThat(engine().in("iptables", "-S", "DOCKER-USER").output()).contains("-j CHOWDER");
  }

  private void assertThatTheSleeperEndedWithTheEngine() {
    awaitLevel(second, "off");
    assertThat(statusOf(second)).isEqualTo("stopped");
    assertThat(lossesOf(second)).isEmpty();
  }

  /** The engine comes back without its disk, a recover fails, and the disk is mounted again. */
  @Test
  @Order(4)
  void anAgentRemembersMessagesFromBeforeTheDiskWasLost() {
    // So that only the first agent's home is lost.
    var _ = call("DELETE", "/v1/instances/" + second, "");
    var label = "label=dev.chowder.instance=" + second;
    Eventually.is(
        "the second agent is removed",
        Limits.STEP,
        () -> engine().in("docker", "volume", "ls", "-q", "--filter", label).output().isBlank());
    var before = identity();
    engine().empty();
    assertThat(engine().in("docker", "volume", "ls", "-q").output()).isEmpty();
    if (identity().equals(before)) continueAfterAFailedRecover(first);
    else continueWithoutARecoverInBetween(first);

    assertThat(send(first, QUESTION)).contains(nonce);
    Eventually.get(
        "nothing is in quarantine",
        Limits.STEP,
        this::reconciler,
        now -> now.path("quarantine").isEmpty());
  }

  /** Docker up to 20.10 stores its identity on another disk, so that the volume counts as lost. */
  private void continueAfterAFailedRecover(String agent) {
    awaitError(agent, "SANDBOX_LOST");
    recover(agent);
    awaitError(agent, "IMAGE_MISSING");

    engine().refill();
    var entry =
        Eventually.get(
                "the home is in quarantine",
                Limits.STEP,
                this::reconciler,
                now -> !now.path("quarantine").isEmpty())
            .path("quarantine")
            .path(0);
    assertThat(entry.path("sandbox_id").asText()).isEqualTo("sb-" + agent);
    assertThat(entry.path("why").asText()).isEqualTo("home_reappeared");
    assertThat(entry.path("home_generation").asInt()).isEqualTo(1);

    recover(agent);
    awaitStatus(agent, "running");
  }

  /** Later versions store it beside the volumes, so that the engine without them is another one. */
  private void continueWithoutARecoverInBetween(String agent) {
    awaitError(agent, "ELSEWHERE");
    assertThat(recoverStatus(agent)).isEqualTo("409");
    assertThat(engine().in("docker", "volume", "ls", "-q").output()).isEmpty();

    engine().refill();
    // The reconciling node notices the engine, and the other calls wait for it.
    Eventually.get(
        "the recover was accepted",
        Limits.STEP,
        () -> recoverStatus(agent),
        status -> status.equals("200"));
    awaitStatus(agent, "running");
  }

  private String identity() {
    return engine().in("docker", "info", "--format", "{{.ID}}").output().strip();
  }

  /** Returns the HTTP status of a recover. */
  private String recoverStatus(String agent) {
    return engine()
        .in(
            "curl",
            "-sS",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-X",
            "POST",
            "-H",
            "@" + home("authorization"),
            rest("/v1/instances/" + agent + "/recover?wait=0"))
        .output()
        .strip();
  }

  private void awaitError(String agent, String reason) {
    var failed =
        Eventually.get(
            agent + " " + reason,
            Limits.STEP,
            () -> get(agent),
            now -> now.path("error_reason").asText().equals(reason));
    assertThat(failed.path("status").asText()).isEqualTo("error");
  }

  private void recover(String agent) {
    var _ = call("POST", "/v1/instances/" + agent + "/recover?wait=0", "");
  }

  private JsonNode reconciler() {
    var port = System.getenv().getOrDefault("CHOWDER_OPERATOR_REST_PORT", "9096");
    var url = "http://localhost:" + port + "/operator/v1/reconciler";
    return engine().call("GET", url, "operator-authorization", "");
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
    return engine().call(method, rest(path), "authorization", body);
  }

  private static String rest(String path) {
    return "http://localhost:" + Installation.UNDER_TEST.rest().getPort() + path;
  }

  /**
   * Returns the container's start time; empty if it has no container, because each attempt gets a
   * new one.
   */
  private String startedAt(String agent) {
    return engine()
        .inside(
            "sh",
            "-c",
            "docker inspect --format '{{.State.StartedAt}}' $(docker ps -aq --filter"
                + " label=dev.chowder.role=gateway --filter label=dev.chowder.instance="
                + agent
                + ")")
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
