package dev.chowder.server.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.rate.StoppedMeter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Tests the limit of rejected keys. No attempt becomes available again during a test. */
class KeyCheckTest {
  private static final String ADDRESS = "192.0.2.1";
  private static final int BURST = 3;
  private static final int CALLS = 50;

  /** Each rejection over the limit takes at least half of it. */
  private static final Duration DELAY = Duration.ofMillis(40);

  private static final Duration LEAST = DELAY.multipliedBy(CALLS).dividedBy(4);

  private static KeyCheck check(KeyAuthenticator keys) {
    var settings = new UnknownSettings(1, BURST, 10, 10, Duration.ofSeconds(10));
    var delay = new RejectionDelay(DELAY, 10);
    return new KeyCheck(
        keys, _ -> {}, new UnknownLimit<>("keys", settings, delay, new StoppedMeter()), delay);
  }

  @Test
  void missingAndMalformedKeysUseUpTheAttemptsOfTheirAddress() {
    var keys = check(_ -> Optional.empty());
    long began = System.nanoTime();
    for (int n = 0; n < CALLS / 2; n++) {
      assertThat(reason(keys, List.of())).isEqualTo(Reason.KEY_INVALID);
      assertThat(reason(keys, List.of("Bearer chd_sk_" + "a".repeat(129))))
          .isEqualTo(Reason.KEY_INVALID);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(LEAST);
    var reasons = new ArrayList<Reason>();
    for (int n = 0; n < BURST; n++) reasons.add(reason(keys, List.of("Bearer chd_sk_" + n)));
    assertThat(reasons).contains(Reason.RATE_LIMITED);
  }

  @Test
  void callsOfASuspendedOrganizationAreRejectedSlowly() {
    var keys =
        check(
            _ -> {
              throw ApiError.organizationSuspended();
            });
    long began = System.nanoTime();
    for (int n = 0; n < CALLS; n++) {
      assertThat(reason(keys, List.of("Bearer chd_sk_valid")))
          .isEqualTo(Reason.ORGANIZATION_SUSPENDED);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(LEAST);
  }

  private static Reason reason(KeyCheck keys, List<String> headers) {
    return catchThrowableOfType(ApiError.class, () -> keys.caller(ADDRESS, headers)).reason();
  }
}
