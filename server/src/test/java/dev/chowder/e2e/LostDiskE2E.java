package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * Docker's engine comes back without its disk, a recover fails, and then the disk is mounted again.
 * The test has its own engine with an installation next to it ({@link SeparateEngine}).
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LostDiskE2E {
  private final String nonce = UUID.randomUUID().toString();
  private @Nullable SeparateEngine engine;

  @BeforeAll
  void anEngineWithAnInstallation() throws IOException {
    engine = SeparateEngine.start();
    var _ = engine().in(script("up"));
    authorize("organization.key", "authorization");
    authorize("operator.token", "operator-authorization");
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

  @Test
  void anAgentRemembersMessagesFromBeforeTheDiskWasLost() throws IOException {
    String agent = Files.readString(home("first-instance")).strip();
    assertThat(send(agent, "Remember: " + nonce)).contains(nonce);

    var before = identity();
    engine().empty();
    assertThat(engine().in("docker", "volume", "ls", "-q").output()).isEmpty();
    if (identity().equals(before)) continueAfterAFailedRecover(agent);
    else continueWithoutARecoverInBetween(agent);

    assertThat(send(agent, "What did I ask you to remember?")).contains(nonce);
    Eventually.get(
        "nothing is in quarantine",
        Limits.STEP,
        this::reconciler,
        now -> now.path("quarantine").isEmpty());
  }

  /** Docker up to 20.10 stores its identity on another disk, so that the volume counts as lost. */
  private void continueAfterAFailedRecover(String agent) {
    assertThat(awaitStatus(agent, "error").path("error_reason").asText()).isEqualTo("SANDBOX_LOST");
    recover(agent);
    assertThat(
            Eventually.get(
                    "the recover failed",
                    Limits.STEP,
                    () -> instance(agent),
                    now -> now.path("error_reason").asText().equals("IMAGE_MISSING"))
                .path("status")
                .asText())
        .isEqualTo("error");

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
    assertThat(awaitStatus(agent, "error").path("error_reason").asText()).isEqualTo("ELSEWHERE");
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
    var port = Installation.UNDER_TEST.rest().getPort();
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
            "http://localhost:" + port + "/v1/instances/" + agent + "/recover?wait=0")
        .output()
        .strip();
  }

  private JsonNode awaitStatus(String agent, String status) {
    return Eventually.get(
        agent + " " + status,
        Limits.STEP,
        () -> instance(agent),
        now -> now.path("status").asText().equals(status));
  }

  private JsonNode instance(String agent) {
    return call("GET", "/v1/instances/" + agent, "");
  }

  private void recover(String agent) {
    var _ = call("POST", "/v1/instances/" + agent + "/recover?wait=0", "");
  }

  private String send(String agent, String input) {
    var message = Agent.message(input).toString();
    return Answer.agentText(call("POST", "/v1/instances/" + agent + "/responses", message));
  }

  private JsonNode call(String method, String path, String body) {
    var port = Installation.UNDER_TEST.rest().getPort();
    return engine().call(method, "http://localhost:" + port + path, "authorization", body);
  }

  private JsonNode reconciler() {
    var port = System.getenv().getOrDefault("CHOWDER_OPERATOR_REST_PORT", "9096");
    var url = "http://localhost:" + port + "/operator/v1/reconciler";
    return engine().call("GET", url, "operator-authorization", "");
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
