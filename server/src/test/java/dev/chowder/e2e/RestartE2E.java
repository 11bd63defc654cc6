package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The scripts of an installation that holds an agent with a history. Before the others: every agent
 * that is there by then is taken down and boots again.
 */
@Order(1)
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RestartE2E {
  private static final String QUESTION = "What did I ask you to remember?";

  private final Agent agent = SharedAgents.first();
  private final String nonce = UUID.randomUUID().toString();

  @BeforeAll
  void itHasAHistory() {
    assertThat(agent.tell("restart", "Remember: " + nonce).is(200).said()).contains(nonce);
  }

  @Test
  void aServerThatWasKilledIsStartedAgainAndItsAgentHasNotNoticed() throws IOException {
    String running = startedAt();
    ProcessHandle server = process("server");
    assertThat(server.destroyForcibly()).isTrue();
    Eventually.is("the server's end", Limits.QUICK, () -> !server.isAlive());

    script("up");
    assertThat(process("server").pid()).isNotEqualTo(server.pid());
    assertThat(agent.get().text("status")).isEqualTo("running");
    assertThat(agent.tell("restart", QUESTION).is(200).said()).contains(nonce);
    assertThat(startedAt()).as("the gateway's start").isEqualTo(running);
  }

  @Test
  void anInstallationThatWasTakenDownComesBackWithItsAgentsAndTheirHistory() {
    script("down");
    assertThat(Docker.runs(agent.container())).isFalse();

    script("up");
    assertThat(agent.get().text("status")).isEqualTo("running");
    assertThat(agent.tell("restart", QUESTION).is(200).said()).contains(nonce);
  }

  @Test
  void bringingUpWhatIsUpChangesNothing() throws IOException {
    List<String> before = everything();
    script("up");
    assertThat(everything()).isEqualTo(before);
  }

  /** What another start of anything would change. */
  private List<String> everything() throws IOException {
    var all = new ArrayList<String>();
    for (String name : List.of("server", "envoy", "demo-model")) {
      all.add(name + " " + process(name).pid());
    }
    all.add("key " + Files.getLastModifiedTime(Installation.UNDER_TEST.keyFile()));
    JsonNode instances = agent.caller().get("/v1/instances").is(200).json().path("instances");
    instances.forEach(
        instance -> all.add(instance.path("id").asText() + " " + instance.path("revision")));
    all.add(startedAt());
    return all;
  }

  private String startedAt() {
    return Docker.inspect(agent.container()).at("/State/StartedAt").asText();
  }

  private static ProcessHandle process(String name) throws IOException {
    Path file = Installation.UNDER_TEST.home().resolve("run").resolve(name + ".pid");
    return ProcessHandle.of(Long.parseLong(Files.readString(file).strip())).orElseThrow();
  }

  private static void script(String name) {
    Duration limit = Limits.PROVISIONING;
    Command.run(limit, List.of(Path.of("..", "scripts", name).toString()), Map.of());
  }
}
