package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The scripts of an installation whose agent has a history. Runs before the other classes, because
 * every existing agent is stopped and boots again.
 */
@Order(1)
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RestartE2E {
  private static final Duration ANSWERS_AGAIN = Duration.ofSeconds(15);
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);
  private static final int PORT = Installation.UNDER_TEST.demoModel().getPort();
  private static final String QUESTION = "What did I ask you to remember?";

  private final Agent agent = SharedAgents.first();
  private final String nonce = UUID.randomUUID().toString();

  @BeforeAll
  void itHasAHistory() {
    assertThat(agent.send("restart", "Remember: " + nonce).is(200).agentText()).contains(nonce);
  }

  @ParameterizedTest
  @ValueSource(strings = {"server", "envoy", "demo-model"})
  void aKilledProcessIsRestartedWithoutAffectingTheAgent(String name) throws Exception {
    String running = startedAt();
    ProcessHandle killed = process(name);
    assertThat(killed.destroyForcibly()).isTrue();
    assertThat(killed.onExit().get(5, TimeUnit.SECONDS).isAlive()).isFalse();

    long began = System.nanoTime();
    Eventually.is(name + " answers again", ANSWERS_AGAIN, () -> answers(name));
    System.out.printf(
        "%s answered again %.1f s after kill -9%n", name, (System.nanoTime() - began) / 1e9);
    assertThat(process(name).pid()).isNotEqualTo(killed.pid());
    assertThat(agent.get().text("status")).isEqualTo("running");
    assertThat(agent.send("restart", QUESTION).is(200).agentText()).contains(nonce);
    assertThat(startedAt()).as("the gateway's start").isEqualTo(running);
  }

  @Test
  void aStoppedInstallationComesBackWithItsAgentsAndTheirHistory() {
    script("down");
    assertThat(Docker.runs(agent.container())).isFalse();
    assertThat(processes()).as("processes of the installation").isEmpty();

    script("up");
    assertThat(agent.get().text("status")).isEqualTo("running");
    assertThat(agent.send("restart", QUESTION).is(200).agentText()).contains(nonce);
  }

  /**
   * Without a supervisor nothing would restart the process, so the process ends, too. The next
   * start brings both back.
   */
  @Test
  void aServerWhoseSupervisorIsKilledEndsAndTheNextUpStartsIt() throws Exception {
    ProcessHandle server = process("server");
    Path file = run("server.supervisor");
    var supervisor = ProcessHandle.of(Long.parseLong(Files.readString(file).strip())).orElseThrow();
    assertThat(supervisor.destroyForcibly()).isTrue();
    assertThat(server.onExit().get(60, TimeUnit.SECONDS).isAlive()).isFalse();

    script("up");
    assertThat(process("server").pid()).isNotEqualTo(server.pid());
    assertThat(agent.get().text("status")).isEqualTo("running");
  }

  @Test
  void upOnARunningInstallationChangesNothing() throws IOException {
    List<String> before = everything();
    script("up");
    assertThat(everything()).isEqualTo(before);
  }

  /** Everything that another start of any process would change. */
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

  /** Calls the demo model directly, and the server and Envoy by one REST call through both. */
  private boolean answers(String name) throws InterruptedException {
    var request =
        name.equals("demo-model")
            ? HttpRequest.newBuilder(URI.create(Installation.UNDER_TEST.demoModel() + "/v1/models"))
            : agent.caller().request("/v1/organization");
    try {
      return Caller.HTTP
              .send(request.timeout(CALL_TIMEOUT).build(), HttpResponse.BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (IOException notYet) {
      return false;
    }
  }

  /** Returns processes and supervisors whose command lines contain the home. */
  private static List<String> processes() {
    var run = Installation.UNDER_TEST.home().resolve("run").toString();
    return ProcessHandle.allProcesses()
        .flatMap(process -> process.info().commandLine().stream())
        .filter(line -> line.contains(run) || line.contains("demomodel.Main --port " + PORT))
        .toList();
  }

  private static Path run(String file) {
    return Installation.UNDER_TEST.home().resolve("run").resolve(file);
  }

  private static ProcessHandle process(String name) throws IOException {
    Path file = run(name + ".pid");
    return ProcessHandle.of(Long.parseLong(Files.readString(file).strip())).orElseThrow();
  }

  private static void script(String name) {
    Duration limit = Limits.PROVISIONING;
    Command.run(limit, List.of(Path.of("..", "scripts", name).toString()), Map.of());
  }
}
