package dev.chowder.openclaw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.openclaw.ChannelRecord.DesiredChannel;
import dev.chowder.openclaw.ChannelRecord.Done;
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
  void aWishIsPendingUntilItIsTaken() {
    var asked = new ChannelRecord(FIRST, Optional.empty());
    assertThat(asked.pending()).contains(FIRST);
    var taken = new ChannelRecord(FIRST, Optional.of(asked.taken(FIRST)));
    assertThat(taken.pending()).isEmpty();
    assertThat(taken.holding()).contains(FIRST);
    assertThat(new ChannelRecord(SECOND, taken.done()).pending()).contains(SECOND);
  }

  @Test
  void theSameWishAskedForOnceMoreIsPendingOnceMore() {
    var taken = new ChannelRecord(FIRST, Optional.empty()).taken(FIRST);
    var again = new DesiredChannel("3", FIRST.enabled(), FIRST.config());
    assertThat(new ChannelRecord(again, Optional.of(taken)).pending()).contains(again);
  }

  @Test
  void aRefusedWishLeavesTheFormerOneInPlace() {
    var taken = new ChannelRecord(FIRST, Optional.empty()).taken(FIRST);
    var second = new ChannelRecord(SECOND, Optional.of(taken));
    var refused = new ChannelRecord(SECOND, Optional.of(second.refused(SECOND, "no")));
    assertThat(refused.isRefused()).isTrue();
    assertThat(refused.problem()).isEqualTo("no");
    assertThat(refused.pending()).isEmpty();
    assertThat(refused.holding()).contains(FIRST);
    var first = new ChannelRecord(SECOND, Optional.of(refusedAtOnce()));
    assertThat(first.holding()).isEmpty();
    assertThat(first.pending()).isEmpty();
  }

  private static Done refusedAtOnce() {
    return new ChannelRecord(SECOND, Optional.empty()).refused(SECOND, "no");
  }

  @Test
  void aNewHomeHasNothingButWhatWasRefusedStaysSo() {
    var taken = new ChannelRecord(FIRST, Optional.empty()).taken(FIRST);
    assertThat(new ChannelRecord(FIRST, Optional.of(taken.forNewHome())).pending()).contains(FIRST);
    var refused = new ChannelRecord(SECOND, Optional.of(taken)).refused(SECOND, "no");
    assertThat(new ChannelRecord(SECOND, Optional.of(refused.forNewHome())).pending())
        .contains(FIRST);
  }

  @Test
  void whatIsKeptIsReadAsItWasAndPrintsNoSecret() {
    var done = new Done(Optional.of(FIRST), true, "2", "no");
    assertThat(DesiredChannel.of(FIRST.toSecret())).isEqualTo(FIRST);
    assertThat(Done.of(done.toSecret())).isEqualTo(done);
    assertThat(new ChannelRecord(FIRST, Optional.of(done)).toString()).doesNotContain("hush");
    assertThatThrownBy(() -> DesiredChannel.of(Secret.of("{\"hush")))
        .hasNoCause()
        .hasMessageNotContaining("hush");
  }
}
