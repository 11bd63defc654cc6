package dev.chowder.cli.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RepetitionTest {
  private static final Call KEYED = Call.post("/v1/instances");
  private static final Call ONCE = Call.postOnce("/v1/instances/i/responses");
  private static final Trouble NOT_SENT = new Trouble.NotSent(new IOException());
  private static final Trouble LOST = new Trouble.Lost(new IOException());
  private static final Duration MINUTE = Duration.ofMinutes(1);

  @Test
  void aCallThatWasNotSentIsRepeated() {
    assertThat(isRepeated(KEYED, NOT_SENT)).isTrue();
    assertThat(isRepeated(ONCE, NOT_SENT)).isTrue();
  }

  @Test
  void aCallThatMayHaveBeenExecutedIsRepeatedOnlyIfThatChangesNothing() {
    assertThat(isRepeated(KEYED, LOST)).isTrue();
    assertThat(isRepeated(Call.get("/v1/instances"), LOST)).isTrue();
    assertThat(isRepeated(ONCE, LOST)).isFalse();
    assertThat(isRepeated(ONCE, rejected(503, "SERVER_UNAVAILABLE"))).isFalse();
  }

  @Test
  void busyServersAreAskedAgain() {
    assertThat(isRepeated(KEYED, rejected(429, "RATE_LIMITED"))).isTrue();
    assertThat(isRepeated(KEYED, rejected(503, "NO_CAPACITY"))).isTrue();
    assertThat(isRepeated(KEYED, rejected(503, ""))).isTrue();
    assertThat(isRepeated(ONCE, rejected(429, "RATE_LIMITED"))).isTrue();
  }

  /** The agent's own status passes through, after the agent processed the message. */
  @Test
  void aMessageThatTheAgentsModelRejectedIsNotRepeated() {
    assertThat(isRepeated(ONCE, rejected(429, ""))).isFalse();
  }

  @Test
  void otherErrorsAreFinal() {
    for (int status : new int[] {400, 401, 402, 403, 404, 409, 500, 502, 504}) {
      assertThat(isRepeated(KEYED, rejected(status, ""))).as("%d", status).isFalse();
    }
  }

  @Test
  void theServerCanForbidARepetition() {
    var error = new ApiError(503, "NO_CAPACITY", "", Optional.empty(), false);
    assertThat(isRepeated(KEYED, new Trouble.Rejected(error))).isFalse();
  }

  @Test
  void pausesDoubleAndDiffer() {
    assertThat(pause(1, 0.5)).contains(Duration.ofMillis(200));
    assertThat(pause(2, 0.5)).contains(Duration.ofMillis(400));
    assertThat(pause(4, 0.5)).contains(Duration.ofMillis(1600));
    assertThat(pause(1, 0)).contains(Duration.ofMillis(150));
    assertThat(pause(1, 1)).contains(Duration.ofMillis(250));
  }

  @Test
  void triesHaveALimit() {
    assertThat(pause(Repetition.TRIES, 0.5)).isEmpty();
  }

  @Test
  void theServerDecidesThePauseUnlessItIsTooLong() {
    assertThat(Repetition.pause(KEYED, after(7), 1, MINUTE, 0)).contains(Duration.ofSeconds(7));
    assertThat(Repetition.pause(KEYED, after(21), 1, MINUTE, 0)).isEmpty();
  }

  @Test
  void noPauseOutlastsTheLimitOfTheCall() {
    assertThat(Repetition.pause(KEYED, after(7), 1, Duration.ofSeconds(7), 0)).isEmpty();
    assertThat(Repetition.pause(KEYED, NOT_SENT, 1, Duration.ofMillis(-5), 0)).isEmpty();
  }

  private static Optional<Duration> pause(int tries, double random) {
    return Repetition.pause(KEYED, NOT_SENT, tries, MINUTE, random);
  }

  private static boolean isRepeated(Call call, Trouble trouble) {
    return Repetition.pause(call, trouble, 1, MINUTE, 0).isPresent();
  }

  private static Trouble rejected(int status, String reason) {
    return new Trouble.Rejected(new ApiError(status, reason, "", Optional.empty(), true));
  }

  private static Trouble after(int seconds) {
    var wait = Optional.of(Duration.ofSeconds(seconds));
    return new Trouble.Rejected(new ApiError(503, "NO_CAPACITY", "", wait, true));
  }
}
