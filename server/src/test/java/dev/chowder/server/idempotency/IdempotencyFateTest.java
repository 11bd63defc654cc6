package dev.chowder.server.idempotency;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.idempotency.Idempotency.Fate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class IdempotencyFateTest {
  @ParameterizedTest
  @EnumSource(names = {"KEY_INVALID", "ORGANIZATION_SUSPENDED", "CANCELLED"})
  void anErrorOfTheCallerIsNotReturnedToOtherCallers(Reason reason) {
    assertThat(Fate.of(reason)).isEqualTo(Fate.CALLERS_OWN);
  }

  @Test
  void anErrorOfTheRequestIsStoredAsTheResult() {
    assertThat(Fate.of(Reason.INVALID_FIELD)).isEqualTo(Fate.KEPT);
  }
}
