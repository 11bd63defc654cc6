package dev.chowder.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chowder.api.v1.Instance;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * One agent from POST to DELETE. The tests share it: each finds it running and leaves it running.
 * The test that deletes it must come last.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LifecycleE2E {
  private static final List<String> STAGES =
      List.of(
          "create_sandbox",
          "onboard",
          "gateway_token",
          "responses_endpoint",
          "openclaw_config",
          "start_gateway",
          "publish");
  private static final int CYCLES = 10;
  private static final int WAIT_SECONDS = 180;

  private final Agent agent;
  private final Answer created;
  private final List<JsonNode> events;
  private final List<Instance> messages;

  LifecycleE2E() {
    Caller caller = Caller.ofTheInstallation();
    created =
        caller
            .post(
                "/v1/instances",
                """
                {"name": "lifecycle", "model_provider": "custom", "labels": {"made-by": "LifecycleE2E"}}
                """)
            .is(201);
    agent = new Agent(caller, created.text("id"));
    try (var rest = EventStream.open(caller.request(agent.path("/watch")).GET());
        var grpc = WatchCall.open(agent)) {
      events =
          rest.until(
              Limits.PROVISIONING, event -> !event.path("status").asText().equals("provisioning"));
      messages =
          grpc.until(
              Limits.QUICK, instance -> instance.getStatus() != Instance.Status.provisioning);
    }
  }

  @BeforeAll
  void itRuns() {
    assertThat(events.getLast().path("status").asText())
        .as("%s", events.getLast())
        .isEqualTo("running");
  }

  @AfterAll
  void remove() {
    // 404 if the last test deleted it.
    assertThat(agent.delete().status()).isIn(204, 404);
  }

  @Test
  @Order(1)
  void createReturnsAtOnceWithTheLocation() {
    assertThat(created.header("location").orElse("none")).endsWith("/v1/instances/" + agent.id());
    assertThat(created.text("status")).isEqualTo("provisioning");
    assertThat(created.text("desired_status")).isEqualTo("running");
    assertThat(created.text("model")).isEqualTo("demo");
    assertThat(created.json().at("/labels/made-by").asText()).isEqualTo("LifecycleE2E");
    assertThat(created.json().has("gateway_url")).isFalse();
  }

  @Test
  @Order(1)
  void stagesComeInOrderEachWithItsDuration() {
    JsonNode running = events.getLast();
    assertThat(names(running.path("stages"))).isEqualTo(STAGES);
    Instant before = Instant.EPOCH;
    for (JsonNode stage : running.path("stages")) {
      assertThat(stage.path("outcome").asText())
          .as("%s", stage)
          .isEqualTo(
              switch (stage.path("name").asText()) {
                // The image contains the result of an onboarding, and the stage writes everything.
                case "onboard", "gateway_token", "responses_endpoint" -> "prepared";
                // No configuration was given, so that stage has nothing to do.
                case "openclaw_config" -> "skipped";
                default -> "executed";
              });
      assertThat(stage.path("duration_ms").isInt()).as("%s", stage).isTrue();
      Instant started = Instant.parse(stage.path("started_at").asText());
      assertThat(started).isAfterOrEqualTo(before);
      before = started;
    }
    assertThat(running.path("served_by").asText()).isEqualTo("cold");
    assertThat(running.path("desired_status").asText()).isEqualTo("running");
    assertThat(running.has("stage")).isFalse();
  }

  @Test
  @Order(1)
  void bothWatchesReportStagesAsTheyRunAndTheSameResult() {
    assertThat(events).extracting(event -> event.path("revision").asInt()).isSorted();
    assertThat(messages).extracting(Instance::getRevision).isSorted();
    // The stages before it may end before a watch begins.
    assertThat(events).extracting(event -> event.path("stage").asText()).contains("start_gateway");
    assertThat(messages).extracting(Instance::getStage).contains("start_gateway");
    assertThat(messages.getLast().getRevision())
        .isEqualTo(events.getLast().path("revision").asInt());
    assertThat(messages.getLast().getGatewayUrl())
        .isEqualTo(events.getLast().path("gateway_url").asText())
        .contains(agent.id());
  }

  @Test
  @Order(1)
  void getListAndStatusAgree() {
    JsonNode got = agent.get().json();
    assertThat(got).isEqualTo(listed());
    JsonNode status = agent.caller().get(agent.path("/status")).is(200).json();
    for (String field : List.of("id", "status", "gateway_url", "revision")) {
      assertThat(status.path(field)).as(field).isEqualTo(got.path(field));
    }
  }

  @Test
  @Order(2)
  void tenStopsAndStartsInARowLoseNothing(@TempDir Path folder) throws Exception {
    String nonce = UUID.randomUUID().toString();
    assertThat(agent.send("ten-cycles", "Remember: " + nonce).is(200).agentText()).contains(nonce);
    Path file = Files.writeString(folder.resolve("kept.txt"), "kept " + nonce);
    Docker.copyIn(file, agent.container(), Workspace.PATH + "/kept.txt");
    String before = Workspace.checksums(agent);
    assertThat(before).contains("kept.txt");

    stopAndStart();
    for (int cycle = 2; cycle <= CYCLES; cycle++) {
      assertThat(agent.stop(WAIT_SECONDS).is(200).text("status"))
          .as("cycle %s", cycle)
          .isEqualTo("stopped");
      assertThat(agent.start(WAIT_SECONDS).is(200).text("status"))
          .as("cycle %s", cycle)
          .isEqualTo("running");
    }

    assertThat(Workspace.checksums(agent)).isEqualTo(before);
    Answer recalled = agent.send("ten-cycles", "What did I ask you to remember?").is(200);
    assertThat(recalled.agentText()).contains(nonce);
    assertThat(Docker.logs(agent.container()))
        .doesNotContainIgnoringCase("suppressing channel/provider account auto-start");
  }

  /**
   * The start boots. Meanwhile a stop is rejected, and another start joins it. {@link ChannelsE2E}
   * has a job that falls due in a sleep which a thaw ends, and {@link ScheduleE2E} writes a file
   * while the processes are frozen.
   */
  @Test
  @Order(2)
  void aSleeperWhoseProcessesWereKilledLosesNeitherItsHistoryNorAnImportNorAJobThatFellDue()
      throws Exception {
    String nonce = UUID.randomUUID().toString();
    assertThat(agent.send("killed", "Remember: " + nonce).is(200).agentText()).contains(nonce);
    write("imported.txt", nonce);
    byte[] tar = Workspace.tar(agent);
    write("imported.txt", "overwritten");
    var job = SleepersJob.add(agent);
    job.awaitDue();
    Docker.docker("kill", agent.container());
    Eventually.get(
        "the loss is recorded",
        Limits.STEP,
        agent::get,
        now -> now.text("sleep_level").equals("off"));
    Workspace.importTar(agent, tar);
    Instant woken = Instant.now();
    Answer starting = agent.start(0).is(200);
    assertThat(starting.text("status")).isEqualTo("stopped");
    assertThat(starting.text("desired_status")).isEqualTo("running");
    Answer refused = agent.stop(WAIT_SECONDS).isError(409, "WRONG_STATE");
    assertThat(refused.message()).contains("stopped").contains("running");
    Answer started = agent.start(WAIT_SECONDS).is(200);
    assertThat(started.text("status")).isEqualTo("running");
    assertThat(started.text("served_by")).isEqualTo("boot");
    job.assertRanAfter(woken);
    assertThat(Workspace.file(agent, Workspace.PATH + "/imported.txt"))
        .asString(UTF_8)
        .isEqualTo(nonce);
    Answer recalled = agent.send("killed", "What did I ask you to remember?").is(200);
    assertThat(recalled.agentText()).contains(nonce);
  }

  @Test
  @Order(3)
  void deletingAStoppingAgentEndsItsWatchesAndLeavesNothing() {
    try (var rest = EventStream.open(agent.caller().request(agent.path("/watch")).GET());
        var grpc = WatchCall.open(agent)) {
      assertThat(rest.until(Limits.QUICK, event -> true)).hasSize(1);
      grpc.until(Limits.QUICK, instance -> true);
      assertThat(agent.stop(0).is(200).text("desired_status")).isEqualTo("stopped");
      agent.delete().is(204);
      List<JsonNode> rests = rest.until(Limits.QUICK, event -> false);
      assertThat(rests.getLast().path("status").asText()).isEqualTo("terminated");
      assertThat(grpc.awaitEnd(Limits.QUICK).getCode()).isEqualTo(Status.Code.OK);
      assertThat(grpc.seen().getLast().getStatus()).isEqualTo(Instance.Status.terminated);
    }
    agent.caller().get(agent.path("")).isError(404, "INSTANCE_NOT_FOUND");
    agent.delete().isError(404, "INSTANCE_NOT_FOUND");
    Eventually.get("nothing left", Limits.QUICK, () -> Docker.leftOf(agent), String::isEmpty);
  }

  /** The first of ten cycles: a stopped agent returns no messages, and its processes are frozen. */
  private void stopAndStart() {
    int before = agent.get().json().path("revision").asInt();
    Answer stopped = agent.stop(WAIT_SECONDS).is(200);
    assertThat(stopped.text("status")).isEqualTo("stopped");
    assertThat(stopped.text("desired_status")).isEqualTo("stopped");
    assertThat(stopped.json().path("revision").asInt()).isGreaterThan(before);
    assertThat(stopped.text("sleep_level")).isEqualTo("frozen");
    assertThat(stopped.json().path("memory_bytes").asLong()).isPositive();
    assertThat(Docker.isFrozen(agent.container())).isTrue();
    assertThat(listed().path("status").asText()).isEqualTo("stopped");
    Answer refused = agent.send("Hello").isError(409, "WRONG_STATE");
    assertThat(refused.message()).contains("stopped").contains("running");
    assertThat(refused.header("x-should-retry")).contains("false");

    Answer again = agent.stop(WAIT_SECONDS).is(200);
    assertThat(again.json()).as("a no-op").isEqualTo(stopped.json());

    Answer started = agent.start(WAIT_SECONDS).is(200);
    assertThat(started.text("status")).isEqualTo("running");
    assertThat(started.text("served_by")).isEqualTo("thaw");
    assertThat(started.json().has("sleep_level")).isFalse();
    assertThat(names(started.json().path("stages"))).contains("start_gateway");
    assertThat(Docker.isFrozen(agent.container())).isFalse();
    assertThat(agent.send("Reply with exactly: awake").is(200).agentText()).contains("awake");
    assertThat(agent.start(WAIT_SECONDS).is(200).json())
        .as("a no-op")
        .isEqualTo(agent.get().json());
  }

  private void write(String path, String content) {
    var file = Answer.JSON.createObjectNode().put("path", path).put("content", content);
    agent.caller().send("PUT", agent.path("/files/content"), file.toString()).is(204);
  }

  private JsonNode listed() {
    JsonNode list = agent.caller().get("/v1/instances?label=made-by=LifecycleE2E").is(200).json();
    return StreamSupport.stream(list.path("instances").spliterator(), false)
        .filter(instance -> instance.path("id").asText().equals(agent.id()))
        .findFirst()
        .orElseThrow(() -> new AssertionError("not listed: " + list));
  }

  private static List<String> names(JsonNode stages) {
    var names = new ArrayList<String>();
    stages.forEach(stage -> names.add(stage.path("name").asText()));
    return names;
  }
}
