package dev.chowder.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RepetitionTest {
  private static final Call KEYED = Call.post("/v1/instances");
  private static final Call ONCE = Call.postOnce("/v1/instances/i/responses");
  private final ClientException notSent = new ClientException(Kind.UNREACHABLE, "");
  private final ClientException lost = new ClientException(Kind.CONNECTION_LOST, "");
  private static final Duration MINUTE = Duration.ofMinutes(1);

  @Test
  void aCallThatWasNotSentIsRepeated() {
    assertThat(isRepeated(KEYED, notSent)).isTrue();
    assertThat(isRepeated(ONCE, notSent)).isTrue();
  }

  @Test
  void aCallThatMayHaveBeenExecutedIsRepeatedOnlyIfThatChangesNothing() {
    assertThat(isRepeated(KEYED, lost)).isTrue();
    assertThat(isRepeated(Call.get("/v1/instances"), lost)).isTrue();
    assertThat(isRepeated(ONCE, lost)).isFalse();
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
    var error = new ApiException(503, "NO_CAPACITY", "", Optional.empty(), false, "");
    assertThat(isRepeated(KEYED, error)).isFalse();
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
    assertThat(Repetition.pause(KEYED, notSent, 1, Duration.ofMillis(-5), 0)).isEmpty();
  }

  private Optional<Duration> pause(int tries, double random) {
    return Repetition.pause(KEYED, notSent, tries, MINUTE, random);
  }

  private static boolean isRepeated(Call call, ClientException failure) {
    return Repetition.pause(call, failure, 1, MINUTE, 0).isPresent();
  }

  private static ClientException rejected(int status, String reason) {
    return new ApiException(status, reason, "", Optional.empty(), true, "");
  }

  private static ClientException after(int seconds) {
    var wait = Optional.of(Duration.ofSeconds(seconds));
    return new ApiException(503, "NO_CAPACITY", "", wait, true, "");
  }
}
