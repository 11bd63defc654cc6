package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;

/**
 * A cron job of OpenClaw that falls due while its agent is frozen.
 *
 * @param due time at which it is due at the latest
 */
record SleepersJob(Agent agent, Instant due) {
  /** Longer than the stop of an agent takes on a busy machine. */
  private static final int SECONDS = 30;

  private static final int ATTEMPTS = 3;

  // The workspace may not exist before the first message.
  private static final String RAN = Workspace.HOME + "/.openclaw/cron-ran";

  /** Adds the job and freezes the agent before the job is due. */
  static SleepersJob add(Agent agent) {
    for (int attempt = 1; ; attempt++) {
      Instant earliest = Instant.now().plusSeconds(SECONDS);
      Docker.shell(
          agent.container(),
          // With several channels, a job must name one of them, or may deliver its result to none.
          "openclaw cron add --name due --at %ds --best-effort-deliver --command 'date +%%s > %s'"
              .formatted(SECONDS, RAN));
      Instant due = Instant.now().plusSeconds(SECONDS);
      Answer stopped = agent.stop(SECONDS).is(200);
      boolean frozen = stopped.text("sleep_level").equals("frozen");
      if (frozen && Instant.now().isBefore(earliest)) return new SleepersJob(agent, due);
      // A gateway that is busy for too long ends instead of being frozen.
      assertThat(attempt).as("%s", stopped).isLessThan(ATTEMPTS);
      agent.stop(180).is(200);
      agent.start(180).is(200);
      Eventually.is("the job ran", Limits.STEP, () -> !time(agent).isEmpty());
      remove(agent);
    }
  }

  void awaitDue() {
    Eventually.is("the job is due", Limits.STEP, () -> Instant.now().isAfter(due.plusSeconds(1)));
  }

  /** Asserts that the job runs once the agent is awake again. */
  void assertRanAfter(Instant woken) {
    String at =
        Eventually.get(
            "the time of the run", Limits.STEP, () -> time(agent), time -> time.matches("\\d+"));
    assertThat(Instant.ofEpochSecond(Long.parseLong(at))).isAfterOrEqualTo(woken.minusSeconds(1));
    remove(agent);
  }

  private static String time(Agent agent) {
    return Docker.shell(agent.container(), "cat " + RAN + " || true").strip();
  }

  private static void remove(Agent agent) {
    Docker.shell(agent.container(), "rm " + RAN);
  }
}
