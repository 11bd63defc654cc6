package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * Creates that claim pool members, on an installation of their own: in the shared one, members
 * would take the memory of other tests. Each test deletes its agent, so that at most one agent and
 * one member run.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PoolE2E {
  private static final int REST = 24080;
  private static final int MONITORING = 24095;
  private static final int DEMO_MODEL = 24092;
  private static final int WAIT_SECONDS = 180;

  private static final Map<String, String> SETTINGS =
      Map.of(
          "CHOWDER_REST_PORT",
          Integer.toString(REST),
          "CHOWDER_GRPC_PORT",
          "24090",
          "CHOWDER_OPERATOR_PORT",
          "24091",
          "CHOWDER_OPERATOR_REST_PORT",
          "24081",
          "CHOWDER_MONITORING_PORT",
          Integer.toString(MONITORING),
          "CHOWDER_DEMO_MODEL_PORT",
          Integer.toString(DEMO_MODEL),
          "CHOWDER_POOL_MAX_SIZE",
          "1",
          // Permits a member also on a host with little memory.
          "CHOWDER_POOL_MEMORY_SHARE",
          "0.5");

  @TempDir private static Path folder;
  private Caller caller = caller("");

  @BeforeAll
  void anInstallationWithAPool() throws IOException {
    run("up", "--at-boot");
    caller = caller(read("organization.key"));
  }

  @AfterAll
  void nothingRemains() throws IOException {
    var cluster = read("cluster-id");
    run("down", "--purge", "--keep-cache");
    assertThat(containers(cluster, "-aq")).isEmpty();
  }

  /** A create after which members are booted. {@link LifecycleE2E} waits for such an agent. */
  @Test
  @Order(1)
  void theFirstCreateIsCold() {
    Answer created = create("first", Answer.JSON.createObjectNode());
    assertThat(created.text("status")).isEqualTo("provisioning");
    delete(agent(created));
  }

  @Test
  @Order(2)
  void aCreateClaimsAMemberThatNeverCalledTheModelAndAppliesItsConfiguration() {
    int before = modelRequests();
    awaitMember(1);
    assertThat(modelRequests()).as("requests of the member to the model").isEqualTo(before);
    ObjectNode request = Answer.JSON.createObjectNode();
    request.putObject("openclaw_config").put("agents.defaults.maxConcurrent", 3);
    Agent agent = agent(create("claimed", request)).awaitRunning();
    assertThat(agent.get().text("served_by")).isEqualTo("pool");
    assertThat(agent.get().json().has("stage")).as("a change is pending").isFalse();
    assertThat(Workspace.config(agent).at("/agents/defaults/maxConcurrent").asInt()).isEqualTo(3);
    assertThat(Docker.logs(agent.container()))
        .as("the running gateway reloaded it")
        .contains("agents.defaults.maxConcurrent");

    assertThat(agent.send("Remember: oysters").is(200).agentText()).contains("oysters");
    assertThat(modelRequests()).isGreaterThan(before);
    assertThat(agent.stop(WAIT_SECONDS).is(200).text("status")).isEqualTo("stopped");
    assertThat(agent.start(WAIT_SECONDS).is(200).text("status")).isEqualTo("running");
    assertThat(agent.send("What did I ask you to remember?").is(200).agentText())
        .contains("oysters");
    delete(agent);
  }

  @Test
  @Order(3)
  void downEndsTheMemberThatNoCallerSees() throws IOException {
    awaitMember(2);
    assertThat(caller.get("/v1/instances").is(200).json().path("instances")).isEmpty();
    var cluster = read("cluster-id");
    assertThat(containers(cluster, "-q")).as("the member's container").hasSize(1);
    run("down");
    assertThat(containers(cluster, "-q")).isEmpty();
  }

  private static Caller caller(String key) {
    return new Caller(URI.create("http://localhost:" + REST), key);
  }

  private Answer create(String name, ObjectNode request) {
    request.put("name", name).put("model_provider", "custom");
    return caller.post("/v1/instances", request.toString()).is(201);
  }

  private Agent agent(Answer created) {
    return new Agent(caller, created.text("id"));
  }

  private static void delete(Agent agent) {
    agent.delete().is(204);
    Eventually.get("nothing left", Limits.STEP, () -> Docker.leftOf(agent), String::isEmpty);
  }

  /**
   * Waits until this number of members could be claimed since the start. The metric of members is
   * no proof, since it may still count one that was claimed.
   */
  private static void awaitMember(int number) {
    Eventually.is(
        "member " + number,
        Limits.PROVISIONING,
        () ->
            read("logs/server.log").lines().filter(line -> line.contains(" event=pooled ")).count()
                >= number);
  }

  private static int modelRequests() {
    var stats = URI.create("http://localhost:" + DEMO_MODEL + "/demo/stats");
    var request = HttpRequest.newBuilder(stats).timeout(Limits.QUICK).GET();
    return Caller.finish(request).is(200).json().path("requests").asInt();
  }

  private static List<String> containers(String cluster, String option) {
    String label = "label=dev.chowder.cluster=" + cluster;
    return Docker.docker("ps", option, "--filter", label).out().lines().toList();
  }

  private static String read(String file) throws IOException {
    return Files.readString(home().resolve(file)).strip();
  }

  private static Path home() {
    return folder.resolve("home");
  }

  private static void run(String script, String... arguments) {
    var words = new ArrayList<String>();
    words.add(Path.of("..", "scripts", script).toString());
    words.addAll(List.of(arguments));
    var environment = new HashMap<>(SETTINGS);
    environment.put("CHOWDER_HOME", home().toString());
    Command.run(Limits.PROVISIONING, words, environment);
  }
}
