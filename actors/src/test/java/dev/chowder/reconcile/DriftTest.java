package dev.chowder.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Ids;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.MemberViews;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Tests the drift of pool members. ReconcilerTest has that of instances. */
class DriftTest {
  private static final SandboxId SANDBOX = SandboxId.ofInstance(MemberViews.ID.value());
  private static final SandboxObservation NOTHING = SandboxObservation.nothing(SANDBOX);
  private static final SandboxObservation RUNS = seen(1, up(1, 41000));

  /** Everything that differs from a member whose gateway runs. */
  private static final List<SandboxObservation> WITHOUT_GATEWAY =
      List.of(
          NOTHING,
          seen(1, new MainProcess.Missing()),
          seen(1, new MainProcess.Ended(1, 137, true)),
          seen(1, new MainProcess.Paused(1)),
          seen(2, new MainProcess.Missing()),
          seen(1, up(1, 41001)),
          seen(1, up(2, 41000)));

  @Test
  void aMemberWhoseGatewayRunsIsInSync() {
    assertThat(drift(MemberViews.pooled(), RUNS)).isEqualTo(new Drift.InSync());
  }

  @Test
  void aMemberWithoutItsGatewayLosesNothing() {
    var pooled = MemberViews.pooled();
    for (var seen : WITHOUT_GATEWAY) {
      assertThat(drift(pooled, seen)).as(seen.toString()).isEqualTo(new Drift.Benign(pooled));
    }
    assertThat(drift(MemberViews.running(), NOTHING))
        .as("an instance")
        .isInstanceOf(Drift.Lost.class);
  }

  @Test
  void theStagesOfAMemberFindOutThemselvesWhatIsMissing() {
    for (var seen : WITHOUT_GATEWAY) {
      assertThat(drift(MemberViews.warming(), seen)).isEqualTo(new Drift.InSync());
    }
  }

  @Test
  void theRemainsOfADiscardedMemberAreOrphanedOnceItsRemovalIsDone() {
    assertThat(drift(MemberViews.discarded(), RUNS)).isEqualTo(new Drift.InSync());
    var removed = MemberViews.removed();
    assertThat(drift(removed, NOTHING)).isEqualTo(new Drift.InSync());
    assertThat(drift(removed, RUNS)).isEqualTo(new Drift.Orphan(removed));
    assertThat(Drift.of(Optional.of(removed), RUNS, MemberViews.ENDED))
        .isEqualTo(new Drift.TooRecent());
  }

  @Test
  void aPassCountsNoMemberAsAnInstance() {
    var views =
        List.of(
            MemberViews.running(),
            MemberViews.pooled(),
            MemberViews.warming(),
            MemberViews.running());
    assertThat(HostComparison.instancesAmong(views)).isEqualTo(2);
  }

  @Test
  void aPassCountsNoMemberThatDoesNotRespond() {
    var instance = SandboxId.ofInstance(Ids.next());
    var unknown = SandboxId.ofInstance(Ids.next());
    var warming = SandboxId.ofInstance(Ids.next());
    var known =
        Map.of(
            instance, MemberViews.running(),
            SANDBOX, MemberViews.pooled(),
            warming, MemberViews.warming());
    assertThat(
            HostComparison.counted(List.of(instance, unknown, SANDBOX, warming), known, Map.of()))
        .containsExactlyInAnyOrder(instance, unknown);
  }

  private static Drift drift(InstanceView view, SandboxObservation seen) {
    return Drift.of(Optional.of(view), seen, Instant.MAX);
  }

  private static SandboxObservation seen(int home, MainProcess process) {
    return new SandboxObservation(SANDBOX, Optional.of(home), process);
  }

  private static MainProcess up(int attempt, int port) {
    return new MainProcess.Up(attempt, new SandboxEndpoint("127.0.0.1", port));
  }
}
