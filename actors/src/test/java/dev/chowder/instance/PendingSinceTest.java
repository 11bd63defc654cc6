package dev.chowder.instance;

import static dev.chowder.instance.States.T0;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Tests the age of a pending effect, as the row of the instance shows it. */
class PendingSinceTest {
  private static final Instant T600 = T0.plusSeconds(600);
  private static final Instant LATER = T0.plus(Duration.ofHours(5));

  @Test
  void aPageOutIsPendingSinceItsRequestNotSinceTheStop() {
    var stopped = States.sleeping();
    assertThat(pendingSince(stopped)).isEmpty();

    var paging = States.then(stopped, new InstanceEvent.SleepRequested(SleepLevel.PAGED_OUT, T600));

    assertThat(pendingSince(paging)).hasValue(T600);
  }

  @Test
  void aLeftoverOfADeletedInstanceIsPendingSinceItWasFound() {
    var deleted =
        States.then(
            States.running(),
            new InstanceEvent.Deleted("key", "delete", T0),
            new InstanceEvent.SlotReleased(T0),
            new InstanceEvent.SandboxRemoved(T0));
    assertThat(pendingSince(deleted)).isEmpty();

    assertThat(pendingSince(States.then(deleted, new InstanceEvent.LeftoverFound(LATER))))
        .hasValue(LATER);
  }

  @Test
  void changesByCallersDoNotHideAStopThatHangs() {
    var stopping = States.then(States.running(), new InstanceEvent.StopRequested("key", false, T0));
    for (int minute = 1; minute <= 300; minute++) {
      var at = T0.plus(Duration.ofMinutes(minute));
      stopping = States.then(stopping, renamed("agent-" + minute, at), reconfigured(minute, at));
    }
    stopping = States.then(stopping, new InstanceEvent.StopRequested("key", true, LATER));

    assertThat(pendingSince(stopping)).hasValue(T0);
    assertThat(((InstanceState.Existing) stopping).profile().updatedAt()).isEqualTo(LATER);
  }

  @Test
  void aStageIsPendingSinceItBeganEvenIfTheConfigurationChanges() {
    var provisioning = States.after(States.created());
    assertThat(pendingSince(provisioning)).hasValue(T0);

    var changed = States.then(provisioning, reconfigured(1, T600));
    assertThat(pendingSince(changed)).hasValue(T0);

    var first = Stage.OF_PROVISIONING.getFirst();
    var next = States.then(changed, finishedAt(first, LATER));
    assertThat(pendingSince(next)).hasValue(LATER);
  }

  @Test
  void aGatewayThatAppliesNothingIsPendingSinceTheFirstChange() {
    var pending = States.then(States.running(), reconfigured(1, T0), reconfigured(2, T600));
    assertThat(pendingSince(pending)).hasValue(T0);

    var applied =
        States.then(pending, new InstanceEvent.ConfigApplied(1, 1, "v1", false, "", LATER));
    assertThat(pendingSince(applied)).as("the second change").hasValue(LATER);
  }

  @Test
  void aRemovalBeginsAfterTheSlotIsReleased() {
    var deleted = States.then(States.running(), new InstanceEvent.Deleted("key", "delete", T0));
    assertThat(pendingSince(deleted)).hasValue(T0);

    assertThat(pendingSince(States.then(deleted, new InstanceEvent.SlotReleased(T600))))
        .hasValue(T600);
  }

  private static InstanceEvent renamed(String name, Instant at) {
    return new InstanceEvent.Updated(
        "key", Optional.of(name), Optional.empty(), Optional.empty(), "", at);
  }

  private static InstanceEvent reconfigured(int version, Instant at) {
    return new InstanceEvent.Updated(
        "key", Optional.empty(), Optional.of(Map.of()), Optional.empty(), "v" + version, at);
  }

  private static InstanceEvent finishedAt(Stage stage, Instant at) {
    return new InstanceEvent.StageFinished(
        1,
        new StageRecord(stage, StageRecord.Outcome.EXECUTED, T0, 10, ""),
        Optional.empty(),
        0,
        "",
        false,
        Optional.empty(),
        at);
  }

  private static Optional<Instant> pendingSince(InstanceState state) {
    return InstanceReadRows.row(
            InstanceView.of(new InstanceId("0190a000-0000-7000-8000-00000000000a"), 1, state)
                .orElseThrow())
        .owesSince();
  }
}
