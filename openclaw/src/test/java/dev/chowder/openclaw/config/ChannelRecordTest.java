package dev.chowder.openclaw.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.openclaw.config.ChannelRecord.AppliedChannel;
import dev.chowder.openclaw.config.ChannelRecord.DesiredChannel;
import dev.chowder.secret.Secret;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ChannelRecordTest {
  private static final DesiredChannel FIRST =
      new DesiredChannel("1", true, Map.of("token", "hush"));
  private static final DesiredChannel SECOND =
      new DesiredChannel("2", true, Map.of("token", "other"));

  @Test
  void aRequestIsPendingUntilItIsApplied() {
    var first = new ChannelRecord(FIRST, Optional.empty());
    assertThat(first.pending()).contains(FIRST);
    var applied = new ChannelRecord(FIRST, Optional.of(first.withApplied(FIRST)));
    assertThat(applied.pending()).isEmpty();
    assertThat(applied.effective()).contains(FIRST);
    assertThat(new ChannelRecord(SECOND, applied.applied()).pending()).contains(SECOND);
  }

  @Test
  void aRepeatedRequestIsPendingAgain() {
    var applied = new ChannelRecord(FIRST, Optional.empty()).withApplied(FIRST);
    var again = new DesiredChannel("3", FIRST.enabled(), FIRST.config());
    assertThat(new ChannelRecord(again, Optional.of(applied)).pending()).contains(again);
  }

  @Test
  void aRejectedRequestKeepsThePreviousOneInEffect() {
    var applied = new ChannelRecord(FIRST, Optional.empty()).withApplied(FIRST);
    var second = new ChannelRecord(SECOND, Optional.of(applied));
    var rejected = new ChannelRecord(SECOND, Optional.of(second.withRejected(SECOND, "no")));
    assertThat(rejected.isRejected()).isTrue();
    assertThat(rejected.problem()).isEqualTo("no");
    assertThat(rejected.pending()).isEmpty();
    assertThat(rejected.effective()).contains(FIRST);
    var first = new ChannelRecord(SECOND, Optional.of(rejectedAtOnce()));
    assertThat(first.effective()).isEmpty();
    assertThat(first.pending()).isEmpty();
  }

  private static AppliedChannel rejectedAtOnce() {
    return new ChannelRecord(SECOND, Optional.empty()).withRejected(SECOND, "no");
  }

  @Test
  void recreatingTheHomeVolumeMakesTheEffectiveRequestPending() {
    var applied = new ChannelRecord(FIRST, Optional.empty()).withApplied(FIRST);
    assertThat(new ChannelRecord(FIRST, Optional.of(applied.forNewHome())).pending())
        .contains(FIRST);
    var rejected = new ChannelRecord(SECOND, Optional.of(applied)).withRejected(SECOND, "no");
    assertThat(new ChannelRecord(SECOND, Optional.of(rejected.forNewHome())).pending())
        .contains(FIRST);
  }

  @Test
  void storedStateIsReadBackAndPrintsNoSecret() {
    var applied = new AppliedChannel(Optional.of(FIRST), true, "2", "no");
    assertThat(DesiredChannel.of(FIRST.toSecret())).isEqualTo(FIRST);
    assertThat(AppliedChannel.of(applied.toSecret())).isEqualTo(applied);
    assertThat(new ChannelRecord(FIRST, Optional.of(applied)).toString()).doesNotContain("hush");
    assertThatThrownBy(() -> DesiredChannel.of(Secret.of("{\"hush")))
        .hasNoCause()
        .hasMessageNotContaining("hush");
  }
}
