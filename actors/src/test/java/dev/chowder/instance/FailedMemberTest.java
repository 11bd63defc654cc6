package dev.chowder.instance;

import static dev.chowder.instance.States.apply;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Ids;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Tests that a pool member tells whether it failed, whichever node discarded it. */
class FailedMemberTest {
  private static final Instant NOW = Instant.parse("2026-07-01T12:00:00Z");

  @Test
  void aMemberThatIsDiscardedDuringItsBootHasNotFailed() {
    assertThat(reason(new InstanceCommand.Discard(NOW))).isEmpty();
  }

  @Test
  void aMemberWhoseBootFailedHasTheReason() {
    assertThat(
            reason(
                new InstanceCommand.EffectFailed(
                    1, Optional.of(Stage.CREATE_SANDBOX), NOW, "IMAGE_MISSING", "why", NOW)))
        .hasValue("IMAGE_MISSING");
    var late = new InstanceCommand.Redispatch(NOW.plus(Duration.ofDays(1)), Duration.ofHours(1));
    assertThat(reason(late)).hasValue("TIMED_OUT");
  }

  private static Optional<String> reason(InstanceCommand command) {
    var discarded = apply(States.after(States.memberCreated()), command);
    return InstanceView.of(new InstanceId(Ids.next()), 2, discarded).orElseThrow().errorReason();
  }
}
