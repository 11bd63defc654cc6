package dev.chowder.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.instance.InstanceCommand.Observed;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceCommand.RestartPolicy;
import dev.chowder.instance.InstanceState.Errored;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.ObservationTable.Consequence;
import dev.chowder.instance.ObservationTable.Found;
import dev.chowder.instance.ObservationTable.Reaction;
import dev.chowder.instance.ObservationTable.Recorded;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Tests the whole table, and that instance and reconciliation pass read it alike. */
class ObservationTableTest {
  private static final InstanceId ID = new InstanceId("0190a000-0000-7000-8000-00000000000a");
  private static final RestartPolicy NO_RESTARTS = new RestartPolicy(0, Duration.ofHours(1));
  private static final RestartPolicy RESTARTS = new RestartPolicy(1000, Duration.ofHours(1));

  private static final Set<Found> WITHOUT_OWN_HOME =
      EnumSet.of(Found.NOTHING, Found.OTHER_HOME_RUNS, Found.OTHER_HOME_UNUSED, Found.OTHER_HOME);

  /**
   * The findings of a later attempt, each with the finding as which the instance treats its report.
   */
  private static final Map<Found, Found> REPORTED_AS =
      Map.of(
          Found.LATER_DOWN, Found.DOWN,
          Found.LATER_DOWN_WITH_ENGINE, Found.DOWN_WITH_ENGINE,
          Found.LATER_FROZEN, Found.FROZEN,
          Found.OTHER_HOME, Found.OTHER_HOME_UNUSED);

  @Test
  void instanceAndPassRecordTheSameState() {
    for (var state : reachable().toList()) {
      var view = view(state);
      boolean onlySlotPending = view.slotHeld() && !isCleanupPending(state) && isOver(state);
      assertThat(ObservationTable.recorded(view))
          .as(state.toString())
          .isEqualTo(onlySlotPending ? Recorded.CLEANING_UP : ObservationTable.recorded(state));
    }
    assertThat(reachable().map(ObservationTable::recorded)).contains(Recorded.values());
  }

  @Test
  void theInstanceReactsToAReportAsThePassExpects() {
    REPORTED_AS.forEach(
        (found, reportedAs) -> {
          for (var recorded : Recorded.values()) {
            var reaction = ObservationTable.reaction(recorded, found);
            if (!isReported(reaction)) continue;
            assertThat(ObservationTable.reaction(recorded, reportedAs))
                .as(recorded + " x " + found)
                .isEqualTo(reaction);
          }
        });
  }

  @Test
  void eachReactionBecomesItsEvents() {
    var reactions = EnumSet.noneOf(Reaction.class);
    for (var state : reachable().toList()) {
      for (var observed : observations(state)) {
        var reaction = ObservationTable.reaction(state, observed);
        reactions.add(reaction);
        for (var policy : List.of(RESTARTS, NO_RESTARTS)) {
          assertThat(events(state, observed, policy))
              .as(state + " x " + observed)
              .isEqualTo(expected(reaction, policy));
        }
      }
    }
    assertThat(reactions).containsExactlyInAnyOrder(Reaction.values());
  }

  @Test
  void anInstanceIsLostOnlyWithoutItsHomeVolume() {
    for (var found : Found.values()) {
      for (var recorded : EnumSet.of(Recorded.RUNNING, Recorded.STOPPED, Recorded.ASLEEP)) {
        assertThat(ObservationTable.reaction(recorded, found).consequence() == Consequence.LOSS)
            .as(recorded + " x " + found)
            .isEqualTo(WITHOUT_OWN_HOME.contains(found));
      }
    }
  }

  @Test
  void onlyProcessesOfAFailedAgentAreRemoved() {
    var removed =
        Stream.of(Found.values())
            .filter(found -> ObservationTable.reaction(Recorded.FAILED, found) == Reaction.REMOVE);
    assertThat(removed)
        .containsExactlyInAnyOrder(Found.UP, Found.UP_ELSEWHERE, Found.OTHER_HOME_RUNS);
  }

  /** Nothing of a sandbox on another host is removed here, whatever this host shows. */
  @Test
  void aSandboxOnAnotherHostIsNeitherLostNorRemoved() {
    for (var recorded : Recorded.values()) {
      assertThat(ObservationTable.reaction(recorded, Found.OTHER_HOST).consequence())
          .as(recorded.toString())
          .isIn(Consequence.NONE, Consequence.HARMLESS, Consequence.UNREACHABLE);
    }
    assertThat(ObservationTable.reaction(Recorded.RUNNING, Found.OTHER_HOST))
        .isEqualTo(Reaction.FAIL_OTHER_HOST);
    assertThat(ObservationTable.reaction(Recorded.STOPPED, Found.OTHER_HOST))
        .isEqualTo(Reaction.NOTHING);
    assertThat(ObservationTable.reaction(Recorded.ASLEEP, Found.OTHER_HOST))
        .isEqualTo(Reaction.RECORD_NO_SLEEP);
  }

  @Test
  void aPoolMemberInAnotherHomeVolumeIsDiscarded() {
    var pooled = MemberViews.pooled();
    assertThat(ObservationTable.reaction(pooled, new ObservedState.OtherHome(2, true), false))
        .isEqualTo(Reaction.DISCARD);
  }

  private static boolean isReported(Reaction reaction) {
    return switch (reaction.consequence()) {
      case HARMLESS, LOSS, UNREACHABLE, REMOVAL -> true;
      case NONE, UNTRACKED, REAPPEARED -> false;
    };
  }

  private static List<String> expected(Reaction reaction, RestartPolicy policy) {
    return switch (reaction) {
      case NOTHING, KEEP_UNTRACKED, KEEP_REAPPEARED -> List.of();
      case RECORD_ADDRESS -> List.of("EndpointMoved");
      case RESTART_CRASHED -> List.of(policy.restarts() > 0 ? "GatewayLost" : "Failed");
      case RESTART -> List.of("GatewayLost");
      case ADOPT -> List.of("LaterAttemptFound");
      case ADOPT_AND_STOP -> List.of("LaterAttemptFound", "StopRequested");
      case STOP, END -> List.of("StopRequested");
      case RECORD_NO_SLEEP -> List.of("SleepReached");
      case DISCARD -> List.of("Discarded");
      case FAIL_DISK_FULL, FAIL_HOME_LOST, FAIL_HOME_REPLACED, FAIL_OTHER_HOST -> List.of("Failed");
      case REMOVE -> List.of("LeftoverFound");
    };
  }

  private static List<String> events(Existing state, ObservedState seen, RestartPolicy policy) {
    var decision =
        InstanceLifecycle.decide(state, new Observed(state.attempt(), seen, policy, States.T0));
    return switch (decision) {
      case Decision.Accept(var events) ->
          events.stream().map(event -> event.getClass().getSimpleName()).toList();
      case Decision.Reject(var why) -> List.of(why.toString());
    };
  }

  private static List<ObservedState> observations(Existing state) {
    int attempt = state.attempt();
    int generation = state.profile().homes().generation();
    return List.of(
        new ObservedState.Nothing(),
        new ObservedState.HomeOnly(),
        new ObservedState.Up(States.ENDPOINT),
        new ObservedState.Up("127.0.0.1:42000"),
        new ObservedState.Down("GATEWAY_CRASHED", "gateway: ended", true),
        new ObservedState.Down("ENGINE_RESTARTED", "gateway: ended", false),
        new ObservedState.Frozen(),
        new ObservedState.DiskFull("home: must be smaller"),
        new ObservedState.OtherHome(generation + 1, true),
        new ObservedState.OtherHome(0, false),
        new ObservedState.OtherHome(attempt + 1, false),
        new ObservedState.LaterUp(attempt + 1, attempt + 1, States.ENDPOINT),
        new ObservedState.OtherHost("cannot use the sandbox: it is on another host"));
  }

  private static boolean isOver(Existing state) {
    return state instanceof Errored
        || state instanceof InstanceState.Deleted
        || state instanceof InstanceState.Discarded;
  }

  private static boolean isCleanupPending(Existing state) {
    return switch (state) {
      case Errored e -> e.cleanupPending();
      case InstanceState.Deleted d -> d.cleanupPending();
      case InstanceState.Discarded d -> d.cleanupPending();
      case Existing _ -> false;
    };
  }

  private static InstanceView view(Existing state) {
    return InstanceView.of(ID, 1, state).orElseThrow();
  }

  private static Stream<Existing> reachable() {
    return LifecycleExploration.explore().stream()
        .flatMap(step -> Stream.of(step.from(), step.to()))
        .distinct()
        .filter(Existing.class::isInstance)
        .map(Existing.class::cast);
  }
}
