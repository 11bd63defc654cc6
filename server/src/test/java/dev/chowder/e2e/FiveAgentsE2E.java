package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Five real agents. Each of four suffers a different fault outside Chowder, all at the same time.
 * The five need about 5 GB.
 */
@Tag("soak")
class FiveAgentsE2E {
  /** The organization that {@code scripts/up} created has enough slots for five agents. */
  private final Caller caller = Caller.ofTheInstallation();

  private final List<Agent> agents = new ArrayList<>();

  @AfterEach
  void delete() {
    agents.forEach(Agent::delete);
  }

  @Test
  void fourFaultyAgentsAreRepairedAndTheFifthIsNotTouched() {
    int slots = slots();
    IntStream.range(0, 5).forEach(n -> agents.add(Agent.create(caller, "fault-" + n)));
    agents.forEach(Agent::awaitRunning);
    for (var agent : agents) agent.send("Remember: " + word(agent)).is(200);
    var killed = agents.get(0);
    var paused = agents.get(1);
    var removed = agents.get(2);
    var stopped = agents.get(3);
    var untouched = agents.get(4);
    var before = startedAt(untouched);
    var revisions = agents.stream().map(FiveAgentsE2E::revision).toList();

    Docker.docker("kill", killed.container());
    Docker.docker("pause", paused.container());
    Docker.docker("rm", "-f", removed.container());
    Docker.docker("stop", stopped.container());

    for (var agent : agents.subList(0, 4)) {
      int revision = revisions.get(agents.indexOf(agent));
      Eventually.get(
          agent.id() + " runs again",
          Limits.PROVISIONING,
          agent::get,
          now -> now.text("status").equals("running") && revision(agent) > revision);
    }
    for (var agent : agents) {
      assertThat(Docker.docker("ps", "-aq", "--filter", label(agent)).out().lines())
          .as("containers of %s", agent.id())
          .hasSize(1);
      assertThat(Docker.runs(agent.container())).as(agent.id()).isTrue();
      assertThat(agent.send("What did I ask you to remember?").is(200).agentText())
          .contains(word(agent));
    }
    assertThat(startedAt(untouched)).isEqualTo(before);
    assertThat(revision(untouched)).isEqualTo(revisions.get(4));
    assertThat(slots()).isEqualTo(slots + 5);

    agents.forEach(agent -> agent.delete().is(204));
    for (var agent : agents) {
      Eventually.get("nothing left", Limits.STEP, () -> Docker.leftOf(agent), String::isEmpty);
    }
    Eventually.is("slots free", Limits.QUICK, () -> slots() == slots);
    agents.clear();
  }

  private int slots() {
    return caller.get("/v1/organization").is(200).json().path("instance_count").asInt();
  }

  /** Returns a word that no other agent knows. */
  private static String word(Agent agent) {
    return "w" + agent.id().substring(24);
  }

  private static String label(Agent agent) {
    return "label=dev.chowder.instance=" + agent.id();
  }

  private static int revision(Agent agent) {
    return agent.get().json().path("revision").asInt();
  }

  private static String startedAt(Agent agent) {
    return Docker.inspect(agent.container()).at("/State/StartedAt").asText();
  }
}
