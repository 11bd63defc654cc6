package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Lets an agent sleep past all levels with the settings that users have, and past the 30 minutes
 * after which OpenClaw saves its databases. {@code CHOWDER_E2E_SLEEP_MINUTES} sets another length;
 * with a longer {@code CHOWDER_DEEP_SLEEP_DELAY}, the agent is thawed at the end.
 */
@Tag("soak")
class LongSleepE2E {
  private static final Duration SLEEP =
      Duration.ofMinutes(
          Long.parseLong(System.getenv().getOrDefault("CHOWDER_E2E_SLEEP_MINUTES", "30")));

  /** From the shallowest to the deepest. A host without swap has no second one. */
  private static final List<String> LEVELS = List.of("frozen", "paged_out", "off");

  /** How a start at each level is served. */
  private static final List<String> STARTS = List.of("thaw", "page_in", "boot");

  @Test
  void anAgentRemembersItsSessionAfterASleepPastAllLevels() {
    var caller = Caller.ofTheInstallation();
    var agent = Agent.create(caller, "long-sleep").awaitRunning();
    var nonce = UUID.randomUUID().toString();
    assertThat(agent.send("sleep", "Remember: " + nonce).is(200).agentText()).contains(nonce);
    agent.freeze();
    int level = sleep(agent);
    // After the default of 25 minutes.
    if (!System.getenv().containsKey("CHOWDER_DEEP_SLEEP_DELAY")) {
      assertThat(LEVELS.get(level)).isEqualTo("off");
    }
    var started = agent.start(180).is(200);
    assertThat(started.text("served_by")).isEqualTo(STARTS.get(level));
    var answer = agent.send("sleep", "What did I ask you to remember?").is(200);
    assertThat(answer.agentText()).contains(nonce);
    agent.delete().is(204);
  }

  /** Returns the level at the end. A level is never shallower than an earlier one. */
  private static int sleep(Agent agent) {
    long end = System.nanoTime() + SLEEP.toNanos();
    int level = 0;
    while (System.nanoTime() < end) {
      var now = agent.get();
      assertThat(now.text("status")).as("%s", now).isEqualTo("stopped");
      int deeper = LEVELS.indexOf(now.text("sleep_level"));
      assertThat(deeper).as("%s", now).isGreaterThanOrEqualTo(level);
      if (deeper > level) System.out.println("The agent's sleep is " + LEVELS.get(deeper) + ".");
      level = deeper;
      Eventually.pause(Duration.ofSeconds(10));
    }
    return level;
  }
}
