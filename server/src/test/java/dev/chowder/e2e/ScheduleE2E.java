package dev.chowder.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chowder.server.edge.RawHttp;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs the two crontab lines of {@code schedule.md} as cron does, with {@code sh -c}. In between,
 * it uses the stopped agent. One night serves all tests.
 */
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ScheduleE2E {
  private static final Path SCHEDULE = Path.of("..", "docs", "operations", "schedule.md");
  private static final Pattern LINE =
      Pattern.compile("(?m)^0 (?:9|17) +\\* \\* 1-5 +(?<command>echo .*/(?:start|stop))$");
  private static final String KEY_FILE = "~/.local/share/chowder/organization.key";
  private static final String ADDRESS = "http://localhost:8080";

  private final Agent agent = SharedAgents.first();
  private final String host = URI.create(agent.get().text("gateway_url")).getAuthority();
  private final String previous = agent.gatewayToken();
  private final JsonNode before = Workspace.config(agent);

  @BeforeAll
  void at5pm() throws IOException {
    cron("stop");
    Eventually.get("stopped", Limits.STEP, agent::get, is("stopped"));
  }

  @AfterAll
  void asItWas() {
    agent.caller().delete(agent.path("/files?path=while&recursive=true"));
    patch("{\"messages.ackReaction\": null}");
  }

  @Test
  @Order(1)
  void theAddressOfAStoppedAgentSaysThatItIsStopped() throws IOException {
    RawHttp.Answer answer = send(RawHttp.Request.of("GET", "/"));
    assertThat(answer.status()).as("%s", answer).isEqualTo(503);
    assertThat(answer.json().path("message").asText()).isNotBlank();
  }

  @Test
  @Order(1)
  void filesOfAStoppedAgentAreReadWrittenAndDownloaded() throws Exception {
    var file = Answer.JSON.createObjectNode();
    file.put("path", "while/asleep.md").put("content", "Good morning.\n");
    agent.caller().send("PUT", agent.path("/files/content"), file.toString()).is(204);
    // Its frozen processes have ended, so that they cannot overwrite the file.
    assertThat(agent.get().text("sleep_level")).isEqualTo("off");
    Answer read = agent.caller().get(agent.path("/files/content?path=while/asleep.md")).is(200);
    assertThat(read.text("content")).isEqualTo("Good morning.\n");
    assertThat(agent.caller().get(agent.path("/files?path=while")).is(200).body())
        .contains("asleep.md");
    byte[] tar = Workspace.tar(agent);
    assertThat(new String(tar, UTF_8)).contains("while/asleep.md");
    agent.caller().delete(agent.path("/files?path=while&recursive=true")).is(204);
    Workspace.importTar(agent, tar);
    assertThat(agent.get().text("status")).isEqualTo("stopped");
  }

  @Test
  @Order(1)
  void theTokenOfAStoppedAgentIsRotated() {
    Answer rotated = agent.caller().post(agent.path("/gateway/rotate")).is(200);
    assertThat(rotated.text("gateway_token"))
        .isNotEqualTo(previous)
        .isEqualTo(agent.gatewayToken());
  }

  @Test
  @Order(1)
  void theConfigurationOfAStoppedAgentIsChanged() {
    assertThat(patch("{\"messages.ackReaction\": \"eyes\"}").is(200).text("status"))
        .isEqualTo("stopped");
  }

  @Test
  @Order(2)
  void atNineTheAgentRunsWithAllChanges() throws IOException {
    cron("start");
    Eventually.get("running", Limits.STEP, agent::get, is("running"));

    assertThat(agent.send("Reply with exactly: awake").is(200).agentText()).isEqualTo("awake");
    assertThat(send(RawHttp.Request.of("GET", "/")).status()).isEqualTo(200);
    assertThat(Workspace.file(agent, Workspace.PATH + "/while/asleep.md"))
        .asString(UTF_8)
        .isEqualTo("Good morning.\n");
    assertThat(sendWith(previous)).isEqualTo(401);
    assertThat(sendWith(agent.gatewayToken())).isEqualTo(200);
    JsonNode after = Workspace.config(agent);
    assertThat(after.at("/messages/ackReaction").asText()).isEqualTo("eyes");
    for (String kept : List.of("gateway", "models", "secrets")) {
      assertThat(after.path(kept)).as(kept).isEqualTo(before.path(kept));
    }
  }

  private Answer patch(String overrides) {
    var body = "{\"openclaw_config\": %s}".formatted(overrides);
    return agent.caller().send("PATCH", agent.path(""), body);
  }

  private int sendWith(String token) throws IOException {
    return send(RawHttp.Request.of("POST", "/v1/responses")
            .with("Authorization", "Bearer " + token)
            .json(Agent.message("Hello").put("model", "openclaw/main").toString()))
        .status();
  }

  private RawHttp.Answer send(RawHttp.Request request) throws IOException {
    return RawHttp.send(Installation.UNDER_TEST.restAddress(), request.with("Host", host));
  }

  private static Predicate<Answer> is(String status) {
    return answer -> answer.text("status").equals(status);
  }

  private void cron(String verb) throws IOException {
    Command.run(Limits.STEP, List.of("sh", "-c", command(verb)), Map.of("ID", agent.id()));
  }

  /** Replaces only the path of the key and the address. */
  private static String command(String verb) throws IOException {
    Matcher lines = LINE.matcher(Files.readString(SCHEDULE));
    while (lines.find()) {
      String command = lines.group("command");
      if (command.endsWith("/" + verb)) {
        assertThat(command).contains(KEY_FILE).contains(ADDRESS);
        assertThat(command).as("cron reads % as a line break").doesNotContain("%");
        return command
            .replace(KEY_FILE, Installation.UNDER_TEST.keyFile().toString())
            .replace(ADDRESS, Installation.UNDER_TEST.rest().toString());
      }
    }
    throw new AssertionError(SCHEDULE + " has no crontab line that ends in /" + verb);
  }
}
