package dev.chowder.instance;

import static dev.chowder.instance.States.ENDPOINT;
import static dev.chowder.instance.States.T0;
import static dev.chowder.instance.States.all;
import static dev.chowder.instance.States.apply;
import static dev.chowder.instance.States.finished;
import static dev.chowder.instance.States.outcome;
import static dev.chowder.instance.States.running;
import static dev.chowder.instance.States.then;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceCommand.Observed;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceCommand.RestartPolicy;
import dev.chowder.sandbox.SandboxRef;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InstanceLifecycleTest {
  private static final String ORGANIZATION = States.PROFILE.organizationId();
  private static final Duration WINDOW = Duration.ofMinutes(10);
  private static final Instant LATER = T0.plusSeconds(1);
  private static final RestartPolicy ONCE = new RestartPolicy(1, WINDOW);
  private final ActorRef<InstanceReply> replyTo = TestInbox.<InstanceReply>create().getRef();

  @ParameterizedTest
  @CsvSource({
    "Absent,       NotFound,     NotFound,     NotFound,    NotFound,     NotFound",
    "Tombstone,    NotFound,     NotFound,     NotFound,    NotFound,     NotFound",
    "Provisioning, WrongState,   WrongState,   WrongState,  WrongState,   Deleted",
    "Running,      Stopping,     Running,      Restarting,  Running,      Deleted",
    "Stopping,     Stopping,     WrongState,   WrongState,  WrongState,   Deleted",
    "Restarting,   WrongState,   Restarting,   Restarting,  Restarting,   Deleted",
    "Waiting,      Stopping,     Waiting,      Waiting,     Waiting,      Deleted",
    "Stopped,      Stopped,      Starting,     WrongState,  WrongState,   Deleted",
    "Starting,     WrongState,   Starting,     Starting,    Starting,     Deleted",
    "Errored,      WrongState,   WrongState,   WrongState,  SlotReturned, Deleted",
    "Deleted,      NotFound,     NotFound,     NotFound,    NotFound,     NotFound",
    "Warming,      NotFound,     NotFound,     NotFound,    NotFound,     NotFound",
    "Pooled,       NotFound,     NotFound,     NotFound,    NotFound,     NotFound",
    "Discarded,    NotFound,     NotFound,     NotFound,    NotFound,     NotFound",
  })
  void aCommandLeadsToTheSpecifiedStateOrRejection(
      String from, String stop, String start, String restart, String recover, String delete) {
    var state = state(from);
    assertThat(outcome(state, new InstanceCommand.Stop("key", false, T0, replyTo))).isEqualTo(stop);
    assertThat(outcome(state, new InstanceCommand.Start("key", T0, replyTo))).isEqualTo(start);
    assertThat(outcome(state, new InstanceCommand.Restart("key", T0, replyTo))).isEqualTo(restart);
    assertThat(outcome(state, recover(1, 0, true))).isEqualTo(recover);
    assertThat(outcome(state, delete("another"))).isEqualTo(delete);
  }

  /** The first reply was lost, and the caller must not get NotFound for its own deletion. */
  @Test
  void aResentDeleteOrCreateIsAcceptedAndChangesNothing() {
    var deleted = apply(running(), delete("one"));
    assertThat(apply(deleted, delete("one"))).isEqualTo(deleted);
    // A concurrent second request.
    assertThat(outcome(deleted, delete("another"))).isEqualTo("NotFound");
    var create = new InstanceCommand.Create("key", States.PROFILE, T0, replyTo);
    for (var name : List.of("Provisioning", "Running", "Errored", "Deleted")) {
      assertThat(apply(state(name), create)).as(name).isEqualTo(state(name));
    }
  }

  @Test
  void aRestartStopsTheGatewayAndStartsANewAttempt() {
    var restarting = apply(running(), new InstanceCommand.Restart("key", T0, replyTo));
    assertThat(restarting.pendingEffect())
        .isEqualTo(new InstanceEffect.StopGateway(ORGANIZATION, 1, false));
    assertThat(InstanceStatus.of(restarting).desired()).isEqualTo(InstanceStatus.Name.RUNNING);
    assertThat(InstanceStatus.of(restarting).isSteady()).isFalse();
    var starting =
        apply(
            restarting,
            new InstanceCommand.GatewayStopped(1, SleepLevel.OFF, 0, SleepMemory.NONE, T0));
    assertThat(starting)
        .isInstanceOfSatisfying(
            InstanceState.Starting.class, s -> assertThat(s.attempt()).isEqualTo(2));
    for (var stage : Stage.OF_START) starting = then(starting, finished(2, stage));
    assertThat(starting).isInstanceOf(InstanceState.Running.class);
  }

  @Test
  void aRestartWhoseStopFailsKeepsTheHomeVolume() {
    var failed =
        apply(
            state("Restarting"),
            new InstanceCommand.EffectFailed(1, Optional.empty(), T0, "TIMED_OUT", "too slow", T0));
    assertThat(failed)
        .isInstanceOfSatisfying(
            InstanceState.Errored.class, e -> assertThat(e.homeKept()).isTrue());
  }

  @Test
  void recoveringAnInstanceThatNeverRanProvisionsItWithTheCurrentEndpoint() {
    var failed = apply(state("Errored"), new InstanceCommand.SlotReleased(T0));
    var other = new ModelChoice("custom", "demo", "http://localhost:1/v1", "openai-completions");
    var recovered =
        apply(
            failed,
            new InstanceCommand.Recover("key", 1, 1, Optional.empty(), 0, other, T0, replyTo));
    assertThat(recovered)
        .isInstanceOfSatisfying(
            InstanceState.Provisioning.class,
            p -> {
              assertThat(p.attempt()).isEqualTo(2);
              assertThat(p.profile().model()).isEqualTo(other);
            });
    assertThat(outcome(recovered, recover(1, 1, true))).isEqualTo("Provisioning");
  }

  @Test
  void recoveringAnInstanceThatRanStartsItIfItsHomeVolumeExists() {
    var failed = apply(lost(), new InstanceCommand.SlotReleased(T0), removed(1));
    assertThat(apply(failed, recover(1, 1, true)))
        .isInstanceOfSatisfying(
            InstanceState.Starting.class,
            s -> {
              assertThat(s.attempt()).isEqualTo(2);
              assertThat(s.profile().model()).isEqualTo(States.PROFILE.model());
            });
    assertThat(apply(failed, recover(1, 1, false))).isInstanceOf(InstanceState.Provisioning.class);
  }

  @Test
  void overridesAreAppliedAgainInANewHomeVolume() {
    var running =
        apply(
            running(),
            reconfigure(),
            new InstanceCommand.ConfigApplied(1, 1, "", Taken.APPLIED, "", T0));
    var failed =
        apply(
            running,
            observed(1, new ObservedState.Nothing()),
            new InstanceCommand.SlotReleased(T0),
            removed(1));
    var recovered = (InstanceState.Existing) apply(failed, recover(1, 1, false));
    assertThat(recovered.profile().configPending()).isTrue();
  }

  @Test
  void theStageThatCreatesTheSandboxStoresItsReference() {
    var created =
        apply(
            state("Provisioning"),
            new InstanceCommand.StagesFinished(
                1,
                List.of(
                    new InstanceCommand.Finished(
                        States.sandboxCreated(1).done(),
                        Optional.empty(),
                        0,
                        "",
                        false,
                        Optional.of(States.SANDBOX),
                        T0))));
    assertThat(sandbox(created)).hasValue(States.SANDBOX);
    assertThat(sandbox(then(created, finished(1, Stage.ONBOARD)))).hasValue(States.SANDBOX);
  }

  @Test
  void aRecoverIntoANewHomeVolumeForgetsTheSandboxAndIntoTheOldOneKeepsIt() {
    var running = States.after(States.created(), States.sandboxCreated(1));
    for (var stage : Stage.OF_PROVISIONING.subList(1, Stage.OF_PROVISIONING.size())) {
      running = then(running, finished(1, stage));
    }
    var failed =
        then(
            running,
            new InstanceEvent.Failed(1, Optional.empty(), T0, "SANDBOX_LOST", "lost", T0),
            new InstanceEvent.SlotReleased(T0));
    assertThat(sandbox(apply(failed, recover(1, 1, true)))).hasValue(States.SANDBOX);
    assertThat(sandbox(apply(failed, recover(1, 1, false)))).isEmpty();
  }

  private static Optional<SandboxRef> sandbox(InstanceState state) {
    return ((InstanceState.Existing) state).profile().sandbox();
  }

  /** The engine came back without volumes, and a recover into a new volume failed. */
  @Test
  void aHomeVolumeInWhichAnAgentRanIsKeptIfTheRecoverFails() {
    for (int done = 0; done < Stage.OF_PROVISIONING.size(); done++) {
      var failing = Stage.OF_PROVISIONING.get(done);
      var state = recoveredInANewHome();
      for (var stage : Stage.OF_PROVISIONING.subList(0, done)) {
        state = then(state, finished(2, stage));
      }
      state =
          apply(
              state,
              new InstanceCommand.EffectFailed(
                  2, Optional.of(failing), T0, "IMAGE_MISSING", "no image", T0),
              new InstanceCommand.SlotReleased(T0));
      var removal = (InstanceEffect.Remove) state.pendingEffect();
      assertThat(removal.homes().isUnused(1, 2)).as(failing.label()).isFalse();
      state = apply(state, removed(2));

      // The first volume reappears.
      assertThat(apply(state, observed(2, new ObservedState.OtherHome(1, false)))).isEqualTo(state);
      assertThat(apply(state, recover(2, 1, true)))
          .as(failing.label())
          .isInstanceOfSatisfying(
              InstanceState.Starting.class,
              s -> {
                assertThat(s.attempt()).isEqualTo(3);
                assertThat(s.profile().homes().generation()).isEqualTo(1);
                assertThat(s.profile().model()).isEqualTo(States.PROFILE.model());
              });
    }
  }

  @Test
  void aHomeVolumeInWhichNoAgentRanIsRemoved() {
    var failed = apply(state("Errored"), new InstanceCommand.SlotReleased(T0), removed(1));
    assertThat(apply(failed, observed(1, new ObservedState.HomeOnly())).pendingEffect())
        .isInstanceOf(InstanceEffect.Remove.class);
    var again =
        apply(
            apply(failed, recover(1, 1, false)),
            new InstanceCommand.EffectFailed(
                2, Optional.of(Stage.CREATE_SANDBOX), T0, "NO_SPACE", "full", T0),
            new InstanceCommand.SlotReleased(T0),
            removed(2));
    var found = apply(again, observed(2, new ObservedState.OtherHome(1, false)));
    assertThat(((InstanceEffect.Remove) found.pendingEffect()).homes().isUnused(1, 2)).isTrue();
    // The journal does not know volume 3, since the database may be older than the host.
    assertThat(apply(again, observed(2, new ObservedState.OtherHome(3, false)))).isEqualTo(again);
  }

  @Test
  void anAgentCountsAsRunOnceItsGatewayWasReady() {
    var ready = state("Provisioning");
    for (var stage : Stage.OF_PROVISIONING) {
      if (stage != Stage.PUBLISH) ready = then(ready, finished(1, stage));
    }
    var failed =
        apply(
            ready,
            new InstanceCommand.EffectFailed(
                1, Optional.of(Stage.PUBLISH), T0, "GATEWAY_CRASHED", "ended", T0));
    assertThat(failed)
        .isInstanceOfSatisfying(
            InstanceState.Errored.class, e -> assertThat(e.homeKept()).isTrue());
  }

  @Test
  void anEarlierHomeVolumeThatReappearsFailsTheInstanceAndIsUsedByTheRecover() {
    var second = recoveredInANewHome();
    for (var stage : Stage.OF_PROVISIONING) second = then(second, finished(2, stage));
    for (var state :
        List.of(
            second,
            apply(
                second,
                new InstanceCommand.Stop("key", false, T0, replyTo),
                new InstanceCommand.GatewayStopped(2, SleepLevel.OFF, 0, SleepMemory.NONE, T0)))) {
      var lost = apply(state, observed(2, new ObservedState.OtherHome(1, false)));
      assertThat(lost)
          .isInstanceOfSatisfying(
              InstanceState.Errored.class, e -> assertThat(e.reason()).isEqualTo("SANDBOX_LOST"));
      lost = apply(lost, new InstanceCommand.SlotReleased(T0), removed(2));
      var recovered = (InstanceState.Existing) apply(lost, recover(2, 1, true));
      assertThat(recovered).isInstanceOf(InstanceState.Starting.class);
      assertThat(recovered.profile().homes().generation()).isEqualTo(1);
      assertThat(recovered.profile().homes().adopted()).isTrue();
    }
  }

  @Test
  void overridesAreAppliedAgainInAHomeVolumeThatReappeared() {
    var failed =
        apply(
            recoveredInANewHome(),
            reconfigure(),
            new InstanceCommand.EffectFailed(
                2, Optional.of(Stage.CREATE_SANDBOX), T0, "NO_SPACE", "full", T0),
            new InstanceCommand.SlotReleased(T0));
    var recovered = (InstanceState.Existing) apply(failed, recover(2, 1, true));
    assertThat(((InstanceEffect.RunStages) recovered.pendingEffect()).config().homeRecreated())
        .isTrue();
    assertThat(((InstanceEffect.RunStages) recovered.pendingEffect()).homes().adopted()).isTrue();
  }

  @Test
  void aRunningLaterAttemptBecomesTheCurrentOne() {
    var later = new ObservedState.LaterUp(5, 4, "127.0.0.1:43000");
    var found = apply(running(), observed(1, later));
    assertThat(found)
        .isInstanceOfSatisfying(
            InstanceState.Running.class,
            r -> {
              assertThat(r.attempt()).isEqualTo(5);
              assertThat(r.endpoint()).isEqualTo("127.0.0.1:43000");
              assertThat(r.profile().homes().generation()).isEqualTo(4);
              assertThat(r.profile().homes().agentRan()).isTrue();
            });
    assertThat(apply(found, new InstanceCommand.Stop("key", false, T0, replyTo)).pendingEffect())
        .isEqualTo(new InstanceEffect.StopGateway(ORGANIZATION, 5, true));
    assertThat(apply(state("Stopped"), observed(1, later)).pendingEffect())
        .isEqualTo(new InstanceEffect.StopGateway(ORGANIZATION, 5, true));
  }

  @Test
  void aRemovalReportOfAnEarlierAttemptIsDropped() {
    var failed =
        apply(
            recoveredInANewHome(),
            new InstanceCommand.EffectFailed(
                2, Optional.of(Stage.CREATE_SANDBOX), T0, "NO_SPACE", "full", T0),
            new InstanceCommand.SlotReleased(T0));
    assertThat(apply(failed, removed(1))).isEqualTo(failed);
    assertThat(apply(failed, removed(2)).pendingEffect()).isEqualTo(new InstanceEffect.None());
  }

  /** The report was sent before the deletion and arrives after it. */
  @Test
  void aRemovalReportFromBeforeTheDeletionDoesNotCompleteIt() {
    var failed = apply(state("Errored"), new InstanceCommand.SlotReleased(T0));
    var deleted = apply(failed, delete("one"));
    for (var scope : List.of(InstanceEffect.Scope.PROCESSES, InstanceEffect.Scope.SANDBOX)) {
      assertThat(apply(deleted, removed(1, scope)).pendingEffect())
          .as(scope.name())
          .isInstanceOfSatisfying(
              InstanceEffect.Remove.class,
              remove -> assertThat(remove.scope()).isEqualTo(InstanceEffect.Scope.EVERYTHING));
    }
    assertThat(apply(deleted, removed(1, InstanceEffect.Scope.EVERYTHING)).pendingEffect())
        .isEqualTo(new InstanceEffect.None());
  }

  /** An operator restored a copy of the volume by hand, which lost its label. */
  @Test
  void aHomeVolumeWithoutALabelIsKeptOnceAnAgentRan() {
    var unlabelled = new ObservedState.OtherHome(0, false);
    var lost = apply(running(), observed(1, unlabelled));
    assertThat(lost)
        .isInstanceOfSatisfying(
            InstanceState.Errored.class,
            e -> assertThat(e.message()).contains("recover", "home volume 0"));
    lost = apply(lost, new InstanceCommand.SlotReleased(T0), removed(1));
    assertThat(apply(lost, recover(1, 1, Optional.of(0))))
        .isInstanceOfSatisfying(
            InstanceState.Starting.class,
            s -> {
              assertThat(s.profile().homes().generation()).isEqualTo(0);
              assertThat(s.profile().homes().isUnused(0, 2)).isFalse();
            });

    var failed =
        apply(
            recoveredInANewHome(),
            new InstanceCommand.EffectFailed(
                2, Optional.of(Stage.CREATE_SANDBOX), T0, "NO_SPACE", "full", T0),
            new InstanceCommand.SlotReleased(T0),
            removed(2));
    assertThat(apply(failed, observed(2, unlabelled))).isEqualTo(failed);
  }

  @Test
  void anUnusedHomeVolumeIsNotOfferedForARecover() {
    var second = recoveredInANewHome();
    for (var stage : Stage.OF_PROVISIONING) second = then(second, finished(2, stage));
    // The engine created this volume by itself.
    assertThat(apply(second, observed(2, new ObservedState.OtherHome(-2, false))))
        .isInstanceOfSatisfying(
            InstanceState.Errored.class,
            e -> {
              assertThat(e.reason()).isEqualTo("SANDBOX_LOST");
              assertThat(e.message()).doesNotContain("-2");
            });
  }

  /** The database is older than the host. */
  @Test
  void recoverUsesAHomeVolumeInWhichALaterAttemptRan() {
    var failed = apply(state("Errored"), new InstanceCommand.SlotReleased(T0), removed(1));
    assertThat(apply(failed, recover(1, 1, Optional.of(1), 3)))
        .isInstanceOfSatisfying(
            InstanceState.Starting.class,
            s -> {
              assertThat(s.attempt()).isEqualTo(4);
              assertThat(s.profile().homes().generation()).isEqualTo(1);
              assertThat(s.profile().homes().isUnused(1, 4)).isFalse();
            });
    assertThat(apply(failed, recover(1, 1, Optional.of(1), 1)))
        .isInstanceOf(InstanceState.Provisioning.class);
  }

  /** The database is older than the host. */
  @Test
  void aNewHomeVolumeNeverReusesTheNumberOfAnUnknownOne() {
    var failed =
        apply(
            recoveredInANewHome(),
            new InstanceCommand.EffectFailed(
                2, Optional.of(Stage.CREATE_SANDBOX), T0, "NO_SPACE", "full", T0),
            new InstanceCommand.SlotReleased(T0));
    assertThat(apply(failed, recover(2, 1, Optional.of(4))))
        .isInstanceOfSatisfying(
            InstanceState.Starting.class,
            s -> {
              assertThat(s.attempt()).isEqualTo(5);
              assertThat(s.profile().homes().generation()).isEqualTo(4);
            });
    assertThat(apply(failed, recover(2, 1, Optional.of(Integer.MAX_VALUE))))
        .isInstanceOfSatisfying(
            InstanceState.Starting.class, s -> assertThat(s.attempt()).isEqualTo(3));
  }

  private static InstanceCommand removed(int attempt) {
    return removed(attempt, InstanceEffect.Scope.SANDBOX);
  }

  private static InstanceCommand removed(int attempt, InstanceEffect.Scope scope) {
    return new InstanceCommand.Removed(attempt, scope, T0);
  }

  private InstanceState recoveredInANewHome() {
    return apply(
        running(),
        observed(1, new ObservedState.Nothing()),
        new InstanceCommand.SlotReleased(T0),
        removed(1),
        recover(1, 1, false));
  }

  @Test
  void recoverIsRejectedIfItsSlotWasReleasedMeanwhile() {
    var failed = apply(state("Errored"), new InstanceCommand.SlotReleased(T0));
    assertThat(outcome(failed, recover(1, 0, true))).isEqualTo("SlotReturned");
    var found = apply(failed, new InstanceCommand.ReleaseUnusedSlot("org", T0, replyTo));
    assertThat(found.pendingEffect())
        .isEqualTo(new InstanceEffect.ReleaseSlot(States.PROFILE.organizationId()));
    assertThat(outcome(found, recover(1, 1, true))).isEqualTo("SlotReturned");
    var returned = apply(found, new InstanceCommand.SlotReleased(T0));
    assertThat(outcome(returned, recover(1, 1, true))).isEqualTo("SlotReturned");
    assertThat(outcome(returned, recover(1, 2, true))).isEqualTo("Provisioning");
    // The count starts again with each attempt, so the attempt must match too.
    assertThat(outcome(returned, recover(2, 2, true))).isEqualTo("SlotReturned");
  }

  @Test
  void anUnusedSlotIsReleased() {
    for (var name : List.of("Tombstone", "Errored", "Deleted")) {
      var released = apply(state(name), new InstanceCommand.SlotReleased(T0));
      var found = apply(released, new InstanceCommand.ReleaseUnusedSlot("org", T0, replyTo));
      assertThat(found.pendingEffect()).as(name).isInstanceOf(InstanceEffect.ReleaseSlot.class);
      assertThat(apply(found, new InstanceCommand.ReleaseUnusedSlot("org", T0, replyTo)))
          .isEqualTo(found);
    }
  }

  @Test
  void aUsedSlotIsNotReleased() {
    for (var name :
        List.of("Provisioning", "Running", "Stopping", "Restarting", "Stopped", "Starting")) {
      var state = state(name);
      assertThat(apply(state, new InstanceCommand.ReleaseUnusedSlot("org", T0, replyTo)))
          .as(name)
          .isEqualTo(state);
    }
  }

  @Test
  void onlyAnAbsentInstanceCanBeCreated() {
    all()
        .forEach(
            (name, state) ->
                assertThat(
                        outcome(
                            state,
                            new InstanceCommand.Create(
                                "key", States.profile("another", T0), T0, replyTo)))
                    .isEqualTo(name.equals("Absent") ? "Provisioning" : "AlreadyExists"));
  }

  @Test
  void aTombstoneReleasesItsSlot() {
    var forbidden = state("Tombstone");
    assertThat(forbidden.pendingEffect()).isEqualTo(new InstanceEffect.ReleaseSlot("org"));
    assertThat(outcome(forbidden, new InstanceCommand.Create("key", States.PROFILE, T0, replyTo)))
        .isEqualTo("AlreadyExists");
    var released = apply(forbidden, new InstanceCommand.SlotReleased(T0));
    assertThat(released.pendingEffect()).isEqualTo(new InstanceEffect.None());
    // A slow create may have reserved the slot after its release.
    var again = apply(released, new InstanceCommand.ReleaseUnusedSlot("org", T0, replyTo));
    assertThat(again.pendingEffect()).isEqualTo(new InstanceEffect.ReleaseSlot("org"));
  }

  @Test
  void aProvisioningRunsTheSevenStagesInOrder() {
    var state = state("Provisioning");
    for (var stage : Stage.OF_PROVISIONING) {
      assertThat(state.pendingEffect())
          .isInstanceOfSatisfying(
              InstanceEffect.RunStages.class, run -> assertThat(run.stages()).startsWith(stage));
      state = then(state, finished(1, stage));
    }
    assertThat(state).isInstanceOf(InstanceState.Running.class);
    assertThat(state.pendingEffect()).isEqualTo(new InstanceEffect.None());
  }

  @Test
  void eachNewStageOfACombinedReportBecomesAnEvent() {
    var onboarding = then(state("Provisioning"), finished(1, Stage.CREATE_SANDBOX));
    assertThat(
            InstanceLifecycle.decide(
                onboarding, report(1, Stage.CREATE_SANDBOX, Stage.ONBOARD, Stage.GATEWAY_TOKEN)))
        .isEqualTo(Decision.accept(finished(1, Stage.ONBOARD), finished(1, Stage.GATEWAY_TOKEN)));
    // The reports of the stages between were lost. They are resent before this one.
    assertThat(InstanceLifecycle.decide(onboarding, report(1, Stage.START_GATEWAY)))
        .isEqualTo(Decision.accept());
    assertThat(apply(state("Provisioning"), report(1, Stage.OF_PROVISIONING.toArray(Stage[]::new))))
        .isInstanceOf(InstanceState.Running.class);
  }

  @Test
  void aReportOfAnEarlierAttemptOrAnotherStageIsDropped() {
    var starting = state("Starting");
    assertThat(InstanceLifecycle.decide(starting, report(1, Stage.OPENCLAW_CONFIG)))
        .isEqualTo(Decision.accept());
    assertThat(InstanceLifecycle.decide(starting, report(2, Stage.START_GATEWAY)))
        .isEqualTo(Decision.accept());
    assertThat(InstanceLifecycle.decide(starting, report(2, Stage.OPENCLAW_CONFIG)))
        .isNotEqualTo(Decision.accept());
    assertThat(
            InstanceLifecycle.decide(
                starting,
                new InstanceCommand.GatewayStopped(1, SleepLevel.OFF, 0, SleepMemory.NONE, T0)))
        .isEqualTo(Decision.accept());
  }

  @Test
  void aFailedProvisioningReleasesItsSlotThenRemovesTheSandbox() {
    var errored = state("Errored");
    assertThat(errored.pendingEffect())
        .isEqualTo(new InstanceEffect.ReleaseSlot(States.PROFILE.organizationId()));
    errored = apply(errored, new InstanceCommand.SlotReleased(T0));
    assertThat(errored.pendingEffect())
        .isInstanceOfSatisfying(
            InstanceEffect.Remove.class,
            remove -> assertThat(remove.scope()).isEqualTo(InstanceEffect.Scope.SANDBOX));
    errored = apply(errored, removed(1));
    assertThat(errored.pendingEffect()).isEqualTo(new InstanceEffect.None());
    assertThat(errored).isInstanceOf(InstanceState.Errored.class);
  }

  @Test
  void aFailedStartKeepsTheHomeVolume() {
    var errored =
        apply(
            state("Starting"),
            new InstanceCommand.EffectFailed(
                2, Optional.of(Stage.OPENCLAW_CONFIG), T0, "TIMED_OUT", "too slow", T0));
    errored = apply(errored, new InstanceCommand.SlotReleased(T0));
    assertThat(errored.pendingEffect())
        .isInstanceOfSatisfying(
            InstanceEffect.Remove.class,
            remove -> assertThat(remove.scope()).isEqualTo(InstanceEffect.Scope.PROCESSES));
  }

  @Test
  void aDeletionReleasesTheSlotThenRemovesTheSandbox() {
    var deleted = state("Deleted");
    assertThat(deleted.pendingEffect())
        .isEqualTo(new InstanceEffect.ReleaseSlot(States.PROFILE.organizationId()));
    deleted = apply(deleted, new InstanceCommand.SlotReleased(T0));
    assertThat(deleted.pendingEffect())
        .isInstanceOfSatisfying(
            InstanceEffect.Remove.class,
            remove -> assertThat(remove.scope()).isEqualTo(InstanceEffect.Scope.EVERYTHING));
    deleted = apply(deleted, removed(1, InstanceEffect.Scope.EVERYTHING));
    assertThat(deleted.pendingEffect()).isEqualTo(new InstanceEffect.None());
  }

  @Test
  void aSandboxThatReappearsAfterADeletionIsRemoved() {
    var gone =
        apply(
            apply(state("Deleted"), new InstanceCommand.SlotReleased(T0)),
            removed(1, InstanceEffect.Scope.EVERYTHING));
    var found = apply(gone, observed(1, new ObservedState.HomeOnly()));
    assertThat(found.pendingEffect())
        .isInstanceOfSatisfying(
            InstanceEffect.Remove.class,
            remove -> assertThat(remove.scope()).isEqualTo(InstanceEffect.Scope.EVERYTHING));
    assertThat(apply(gone, observed(1, new ObservedState.Nothing()))).isEqualTo(gone);
  }

  @Test
  void aCrashedGatewayIsRestartedOnceAndThenFails() {
    var down = new ObservedState.Down("GATEWAY_CRASHED", "gateway: ended with exit code 1", true);
    var restarted = apply(running(), observed(1, down), new InstanceCommand.StartDue(1, T0));
    assertThat(restarted).isInstanceOf(InstanceState.Starting.class);
    for (var stage : Stage.OF_START) restarted = then(restarted, finished(2, stage));
    assertThat(restarted).isInstanceOf(InstanceState.Running.class);
    var again = apply(restarted, observed(2, down));
    assertThat(again)
        .isInstanceOfSatisfying(
            InstanceState.Errored.class, e -> assertThat(e.reason()).isEqualTo("GATEWAY_CRASHED"));
    var muchLater = apply(restarted, new Observed(2, down, ONCE, T0.plus(WINDOW).plusSeconds(1)));
    assertThat(muchLater).isInstanceOf(InstanceState.Waiting.class);
    var clockSetBack = apply(restarted, new Observed(2, down, ONCE, T0.minus(WINDOW)));
    assertThat(clockSetBack).isInstanceOf(InstanceState.Waiting.class);
  }

  @Test
  void aCrashedGatewayIsRestartedAsOftenAsThePolicyAllows() {
    var down = new ObservedState.Down("GATEWAY_CRASHED", "gateway: ended with exit code 1", true);
    var thrice = new RestartPolicy(3, WINDOW);
    var state = running();
    int attempt = 1;
    for (int loss = 1; loss <= 3; loss++) {
      state =
          apply(
              state,
              new Observed(attempt, down, thrice, T0),
              new InstanceCommand.StartDue(attempt++, T0));
      for (var stage : Stage.OF_START) state = then(state, finished(attempt, stage));
      assertThat(state).as("after loss " + loss).isInstanceOf(InstanceState.Running.class);
    }
    assertThat(apply(state, new Observed(attempt, down, thrice, T0)))
        .isInstanceOfSatisfying(
            InstanceState.Errored.class,
            e -> assertThat(e.message()).contains("restarted 3 times in 600 s", "limit 3"));
    var byCaller = apply(state, new InstanceCommand.Restart("key", T0, replyTo));
    assertThat(
            apply(
                byCaller,
                new InstanceCommand.GatewayStopped(
                    attempt, SleepLevel.OFF, 0, SleepMemory.NONE, T0)))
        .isInstanceOfSatisfying(
            InstanceState.Starting.class, s -> assertThat(s.restarts()).isEqualTo(Restarts.NONE));
  }

  @Test
  void aStateRemembersABoundedNumberOfRestarts() {
    var state = running();
    for (int n = 0; n < 50; n++) {
      state = then(state, new InstanceEvent.StartRequested("", n + 2, "lost", T0.plusSeconds(n)));
      for (var stage : Stage.OF_START) state = then(state, finished(n + 2, stage));
    }
    assertThat(((InstanceState.Running) state).restarts().crashes()).hasSize(Restarts.REMEMBERED);
    for (int n = 50; n < 100; n++) state = then(state, lostAndStarted(n + 1, n % 2 == 0));
    var restarts = ((InstanceState.Running) state).restarts();
    assertThat(restarts.crashes()).hasSize(Restarts.REMEMBERED);
    assertThat(restarts.engineLosses()).hasSize(Restarts.REMEMBERED);
  }

  private static InstanceEvent[] lostAndStarted(int attempt, boolean byItself) {
    var events = new ArrayList<InstanceEvent>();
    events.add(States.lost(attempt, byItself, T0));
    events.add(new InstanceEvent.StartRequested("", attempt + 1, "lost", T0));
    for (var stage : Stage.OF_START) events.add(finished(attempt + 1, stage));
    return events.toArray(InstanceEvent[]::new);
  }

  @Test
  void aGatewayLostWithItsEngineIsRestartedEachTime() {
    var withEngine =
        new ObservedState.Down("ENGINE_RESTARTED", "gateway: ended with the engine", false);
    var losses = new ArrayList<Instant>();
    var state = running();
    for (int attempt = 1; attempt <= 5; attempt++) {
      var at = T0.plusSeconds(attempt);
      losses.add(at);
      state = apply(state, new Observed(attempt, withEngine, ONCE, at));
      assertThat(InstanceStatus.of(state).desired()).isEqualTo(InstanceStatus.Name.RUNNING);
      assertThat(state.pendingEffect())
          .isEqualTo(
              new InstanceEffect.AwaitStart(States.PROFILE.organizationId(), attempt, losses, at));
      // Observations during the wait and reports of the previous attempt change nothing.
      assertThat(apply(state, new Observed(attempt, new ObservedState.HomeOnly(), ONCE, at)))
          .isEqualTo(state);
      assertThat(apply(state, new InstanceCommand.StartDue(attempt - 1, at))).isEqualTo(state);
      state = apply(state, new InstanceCommand.StartDue(attempt, at));
      for (var stage : Stage.OF_START) state = then(state, finished(attempt + 1, stage));
      assertThat(state).isInstanceOf(InstanceState.Running.class);
    }
    // Engine losses do not count as crashes, so this crash is the first one.
    var crash = new ObservedState.Down("GATEWAY_CRASHED", "gateway: ended with exit code 1", true);
    state = apply(state, new Observed(6, crash, ONCE, T0.plusSeconds(6)));
    assertThat(state.pendingEffect())
        .isEqualTo(
            new InstanceEffect.AwaitStart(
                States.PROFILE.organizationId(), 6, List.of(), T0.plusSeconds(6)));
  }

  @Test
  void aRestartIsRetriedWhileTheEngineDoesNotRespond() {
    var failed =
        new InstanceCommand.EffectFailed(
            1, Optional.empty(), T0, "ENGINE_UNREACHABLE", "stop: docker: no answer", LATER);
    assertWaitsAndStarts(apply(state("Restarting"), failed), 1);
  }

  @Test
  void aStopStaysPendingWhileTheEngineDoesNotRespond() {
    var stopping = state("Stopping");
    var failed =
        new InstanceCommand.EffectFailed(
            1, Optional.empty(), T0, "ENGINE_UNREACHABLE", "stop: docker: no answer", LATER);
    assertThat(apply(stopping, failed)).isEqualTo(stopping);
    assertThat(
            apply(
                stopping,
                new InstanceCommand.GatewayStopped(1, SleepLevel.OFF, 0, SleepMemory.NONE, LATER)))
        .isInstanceOf(InstanceState.Stopped.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ENGINE_UNREACHABLE", "ENGINE_RESTARTED", "GATEWAY_STOPPED"})
  void aStartIsRetriedAfterAnEngineLoss(String reason) {
    var failed =
        new InstanceCommand.EffectFailed(
            2, Optional.of(Stage.OF_START.getFirst()), T0, reason, "gone", LATER);
    assertWaitsAndStarts(apply(state("Starting"), failed), 2);
  }

  /** Checks that the instance waits after one engine loss in this attempt, and then starts. */
  private static void assertWaitsAndStarts(InstanceState waiting, int attempt) {
    assertThat(waiting.pendingEffect())
        .isEqualTo(
            new InstanceEffect.AwaitStart(
                States.PROFILE.organizationId(), attempt, List.of(LATER), LATER));
    assertThat(apply(waiting, new InstanceCommand.StartDue(attempt, LATER)))
        .isInstanceOfSatisfying(
            InstanceState.Starting.class, s -> assertThat(s.attempt()).isEqualTo(attempt + 1));
  }

  @Test
  void aWaitingInstanceCanBeStopped() {
    var stopping = apply(state("Waiting"), new InstanceCommand.Stop("key", false, T0, replyTo));
    assertThat(stopping.pendingEffect())
        .isEqualTo(new InstanceEffect.StopGateway(States.PROFILE.organizationId(), 1, true));
    assertThat(
            apply(
                stopping,
                new InstanceCommand.GatewayStopped(1, SleepLevel.OFF, 0, SleepMemory.NONE, T0)))
        .isInstanceOf(InstanceState.Stopped.class);
  }

  @Test
  void anAgentWhoseHomeVolumeIsTooLargeFailsAndKeepsTheVolume() {
    var full =
        (InstanceState.Errored)
            apply(running(), observed(1, new ObservedState.DiskFull("home: 2")));
    assertThat(full.reason()).isEqualTo("DISK_FULL");
    assertThat(full.homeKept()).isTrue();
    var stopped = state("Stopped");
    assertThat(apply(stopped, observed(1, new ObservedState.DiskFull("home: 2"))))
        .isEqualTo(stopped);
  }

  @Test
  void aRestartingInstanceIsNotReportedAsRunning() {
    var restarted =
        apply(
            running(),
            observed(1, new ObservedState.Down("GATEWAY_CRASHED", "gateway: ended", true)));
    assertThat(InstanceStatus.of(restarted).now()).isEqualTo(InstanceStatus.Name.STOPPED);
    assertThat(InstanceStatus.of(restarted).desired()).isEqualTo(InstanceStatus.Name.RUNNING);
  }

  @Test
  void anObservationOfAnEarlierAttemptChangesNothing() {
    assertThat(apply(running(), observed(0, new ObservedState.Nothing()))).isEqualTo(running());
    assertThat(apply(running(), observed(1, new ObservedState.Up(ENDPOINT)))).isEqualTo(running());
  }

  @Test
  void aChangedEndpointIsAdopted() {
    assertThat(apply(running(), observed(1, new ObservedState.Up("127.0.0.1:5"))))
        .isInstanceOfSatisfying(
            InstanceState.Running.class, r -> assertThat(r.endpoint()).isEqualTo("127.0.0.1:5"));
  }

  @Test
  void changedOverridesArePendingUntilTheGatewayAppliesTheNewest() {
    var changed = apply(apply(running(), reconfigure()), switchChannel());
    assertThat(changed.pendingEffect()).isEqualTo(change(changed, 2));
    var half = apply(changed, new InstanceCommand.ConfigApplied(1, 1, "", Taken.APPLIED, "", T0));
    assertThat(half.pendingEffect()).isEqualTo(change(half, 2));
    var whole = apply(half, new InstanceCommand.ConfigApplied(1, 2, "", Taken.APPLIED, "", T0));
    assertThat(whole.pendingEffect()).isEqualTo(new InstanceEffect.None());
  }

  @Test
  void aStoppedInstanceAppliesChangedOverridesAtItsNextStart() {
    var changed = apply(state("Stopped"), reconfigure());
    assertThat(changed.pendingEffect()).isEqualTo(new InstanceEffect.None());
    var starting = apply(changed, new InstanceCommand.Start("key", T0, replyTo));
    assertThat(starting.pendingEffect())
        .isInstanceOfSatisfying(
            InstanceEffect.RunStages.class, run -> assertThat(run.config().version()).isEqualTo(1));
  }

  @ParameterizedTest
  @CsvSource({
    "Absent,       NotFound",
    "Tombstone,    NotFound",
    "Provisioning, WrongState",
    "Running,      Running",
    "Stopping,     WrongState",
    "Restarting,   WrongState",
    "Waiting,      WrongState",
    "Stopped,      Stopped",
    "Starting,     WrongState",
    "Errored,      WrongState",
    "Deleted,      NotFound",
    "Warming,      NotFound",
    "Pooled,       NotFound",
    "Discarded,    NotFound",
  })
  void aTokenRotationIsAcceptedWhileRunningOrStopped(String from, String outcome) {
    assertThat(outcome(state(from), rotate("one"))).isEqualTo(outcome);
  }

  @Test
  void aTokenRotationIsPendingUntilItIsDone() {
    var asked = apply(running(), rotate("one"));
    assertThat(asked.pendingEffect())
        .isEqualTo(new InstanceEffect.RotateToken(ORGANIZATION, 1, ENDPOINT, 1));
    // A further request joins the pending rotation.
    assertThat(apply(asked, rotate("another"))).isEqualTo(asked);
    assertThat(apply(asked, new InstanceCommand.TokenRotated(1, 0, LATER))).isEqualTo(asked);
    assertThat(apply(asked, new InstanceCommand.TokenRotated(2, 1, LATER))).isEqualTo(asked);
    var done = apply(asked, new InstanceCommand.TokenRotated(1, 1, LATER));
    assertThat(done.pendingEffect()).isEqualTo(new InstanceEffect.None());
    // The command is resent because its reply was lost. The returned token must stay valid.
    assertThat(apply(done, rotate("one"))).isEqualTo(done);
    assertThat(apply(done, rotate("another")).pendingEffect())
        .isEqualTo(new InstanceEffect.RotateToken(ORGANIZATION, 1, ENDPOINT, 2));
  }

  @Test
  void aTokenRotationIsAcceptedAfterTheClockWasSetBack() {
    var rotated =
        apply(
            running(),
            rotate("one", LATER.plus(Duration.ofHours(1))),
            new InstanceCommand.TokenRotated(1, 1, LATER.plus(Duration.ofHours(1))));
    var again = apply(rotated, rotate("another", LATER));
    assertThat(again.pendingEffect())
        .isEqualTo(new InstanceEffect.RotateToken(ORGANIZATION, 1, ENDPOINT, 2));
    // The token that the first caller got stays valid, even if its command is resent.
    var done = apply(again, new InstanceCommand.TokenRotated(1, 2, LATER));
    assertThat(apply(done, rotate("one", LATER))).isEqualTo(done);
  }

  @Test
  void aBoundedNumberOfRotationRequestsIsRemembered() {
    var state = running();
    for (int n = 1; n <= TokenRotations.REQUESTS_REMEMBERED + 1; n++) {
      state = apply(state, rotate("" + n), new InstanceCommand.TokenRotated(1, n, LATER));
    }
    assertThat(((InstanceState.Existing) state).profile().token().requests())
        .hasSize(TokenRotations.REQUESTS_REMEMBERED)
        .startsWith("2")
        .endsWith("11");
  }

  @Test
  void aTokenRotationOfAStoppedInstanceIsPendingAtOnce() {
    var asked = apply(state("Stopped"), rotate("one"));
    assertThat(asked.pendingEffect())
        .isEqualTo(new InstanceEffect.RotateToken(ORGANIZATION, 1, "", 1));
    var done = apply(asked, new InstanceCommand.TokenRotated(1, 1, LATER));
    assertThat(done.pendingEffect()).isEqualTo(new InstanceEffect.None());
  }

  @Test
  void aPendingTokenRotationSurvivesAStopAndALossAndPrecedesTheConfiguration() {
    var asked = apply(running(), rotate("one"));
    var stopped =
        apply(
            asked,
            new InstanceCommand.Stop("key", false, T0, replyTo),
            new InstanceCommand.GatewayStopped(1, SleepLevel.OFF, 0, SleepMemory.NONE, T0));
    assertThat(stopped.pendingEffect())
        .isEqualTo(new InstanceEffect.RotateToken(ORGANIZATION, 1, "", 1));
    var lost =
        apply(
            asked,
            new Observed(1, new ObservedState.Down("GATEWAY_CRASHED", "ended", true), ONCE, LATER),
            new InstanceCommand.StartDue(1, LATER));
    for (var stage : Stage.OF_START) lost = then(lost, finished(2, stage));
    assertThat(lost.pendingEffect())
        .isEqualTo(new InstanceEffect.RotateToken(ORGANIZATION, 2, ENDPOINT, 1));
    var reconfigured = apply(asked, reconfigure());
    assertThat(reconfigured.pendingEffect()).isEqualTo(asked.pendingEffect());
    var rotated = apply(reconfigured, new InstanceCommand.TokenRotated(1, 1, LATER));
    assertThat(rotated.pendingEffect()).isEqualTo(change(rotated, 1));
  }

  @ParameterizedTest
  @CsvSource({
    "Absent,       NotFound",
    "Tombstone,    NotFound",
    "Provisioning, Provisioning",
    "Running,      Running",
    "Stopping,     Stopping",
    "Restarting,   Restarting",
    "Waiting,      Waiting",
    "Stopped,      Stopped",
    "Starting,     Starting",
    "Errored,      Errored",
    "Deleted,      NotFound",
    "Warming,      NotFound",
    "Pooled,       NotFound",
    "Discarded,    NotFound",
  })
  void aChannelChangeIsAcceptedUntilTheDeletion(String from, String outcome) {
    assertThat(outcome(state(from), switchChannel())).isEqualTo(outcome);
  }

  @Test
  void aChannelChangeIsPendingForTheCurrentOrNextGateway() {
    var running = apply(running(), switchChannel());
    assertThat(running.pendingEffect()).isEqualTo(change(running, 1));
    var applied =
        apply(running, new InstanceCommand.ConfigApplied(1, 1, "", Taken.APPLIED, "", LATER));
    assertThat(applied.pendingEffect()).isEqualTo(new InstanceEffect.None());
    var starting =
        apply(
            apply(state("Stopped"), switchChannel()),
            new InstanceCommand.Start("key", T0, replyTo));
    assertThat(starting.pendingEffect())
        .isInstanceOfSatisfying(
            InstanceEffect.RunStages.class,
            stages -> assertThat(stages.config().version()).isEqualTo(1));
  }

  private InstanceCommand switchChannel() {
    return new InstanceCommand.SwitchChannel("key", "telegram", true, "", "c1", LATER, replyTo);
  }

  private static InstanceEffect change(InstanceState state, int version) {
    var config = ((InstanceState.Existing) state).profile().config();
    return new InstanceEffect.ApplyConfig(
        ORGANIZATION,
        1,
        ENDPOINT,
        new WantedConfig(version, config.overrides(), false, config.channels()));
  }

  private InstanceCommand delete(String requestId) {
    return new InstanceCommand.Delete("key", requestId, LATER, replyTo);
  }

  private InstanceCommand rotate(String requestId) {
    return rotate(requestId, LATER);
  }

  private InstanceCommand rotate(String requestId, Instant now) {
    return new InstanceCommand.RotateToken("key", requestId, now, replyTo);
  }

  @Test
  void aNewNameDoesNotDisturbARunningStage() {
    var state = state("Provisioning");
    var renamed =
        apply(
            state,
            new InstanceCommand.Update(
                "key",
                Optional.of("other"),
                Map.of("team", "", "x", "1"),
                Optional.empty(),
                Optional.empty(),
                T0,
                replyTo));
    assertThat(renamed.pendingEffect()).isEqualTo(state.pendingEffect());
    assertThat(((InstanceState.Existing) renamed).profile().labels()).isEqualTo(Map.of("x", "1"));
  }

  @Test
  void severalUpdatesCannotAddMoreLabelsThanTheLimit() {
    var one = apply(running(), relabel(Map.of("team", "", "a0", "1")));
    var full = apply(one, relabel(labels("a", Labels.MAX)));
    assertThat(InstanceLifecycle.decide(full, relabel(Map.of("b", "1"))))
        .isEqualTo(
            Decision.reject(new InstanceRejection.TooManyLabels(Labels.MAX + 1, Labels.MAX)));
    var swapped = apply(full, relabel(Map.of("a0", "", "b", "1")));
    assertThat(labelsOf(swapped)).hasSize(Labels.MAX).containsKey("b");
  }

  /** Earlier versions bounded only the labels of one request. */
  @Test
  void anInstanceWithTooManyLabelsCanChangeThemButNotGetMore() {
    int many = 2 * Labels.MAX + 2;
    var event =
        new InstanceEvent.Updated(
            "key", Optional.empty(), Optional.of(labels("a", many)), Optional.empty(), "", T0);
    var state = InstanceLifecycle.evolve(running(), event);
    assertThat(labelsOf(state)).hasSize(many);
    assertThat(labelsOf(apply(state, rename("other")))).hasSize(many);
    assertThat(labelsOf(apply(state, relabel(Map.of("a0", "2")))))
        .hasSize(many)
        .containsEntry("a0", "2");
    assertThat(labelsOf(apply(state, relabel(Map.of("a0", "", "b", "1")))))
        .hasSize(many)
        .containsKey("b");
    assertThat(labelsOf(apply(state, relabel(Map.of("a0", ""))))).hasSize(many - 1);
    assertThat(InstanceLifecycle.decide(state, relabel(Map.of("b", "1"))))
        .isEqualTo(Decision.reject(new InstanceRejection.TooManyLabels(many + 1, Labels.MAX)));
  }

  private static Map<String, String> labels(String prefix, int count) {
    return IntStream.range(0, count).boxed().collect(Collectors.toMap(n -> prefix + n, n -> "1"));
  }

  private static Map<String, String> labelsOf(InstanceState state) {
    return ((InstanceState.Existing) state).profile().labels();
  }

  private InstanceCommand relabel(Map<String, String> labels) {
    return Updates.relabel(labels, replyTo);
  }

  private InstanceCommand rename(String name) {
    return Updates.rename(name, replyTo);
  }

  @Test
  void anUpdateThatChangesNothingIsNotPersisted() {
    assertThat(InstanceLifecycle.decide(running(), Updates.rename("agent", replyTo)))
        .isEqualTo(Decision.accept());
  }

  @Test
  void anOverdueStageFails() {
    var limit = Duration.ofMinutes(5);
    var state = state("Provisioning");
    assertThat(apply(state, new InstanceCommand.Redispatch(T0.plus(limit), limit)))
        .isEqualTo(state);
    assertThat(apply(state, new InstanceCommand.Redispatch(T0.plus(limit).plusMillis(1), limit)))
        .isInstanceOfSatisfying(
            InstanceState.Errored.class, e -> assertThat(e.reason()).isEqualTo("TIMED_OUT"));
  }

  @Test
  void anImpossibleEventIsRejected() {
    assertThatThrownBy(
            () ->
                then(
                    state("Absent"),
                    new InstanceEvent.Stopped(1, SleepLevel.OFF, 0, SleepMemory.NONE, T0)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContainingAll("Stopped", "Absent");
  }

  private static InstanceState state(String name) {
    return Objects.requireNonNull(all().get(name));
  }

  private InstanceCommand reconfigure() {
    return new InstanceCommand.Update(
        "key",
        Optional.empty(),
        Map.of(),
        Optional.empty(),
        Optional.of(new InstanceCommand.OverridesChange(ConfigValues.OverridesVersion.NONE, "v1")),
        T0,
        replyTo);
  }

  private static Observed observed(int attempt, ObservedState observed) {
    return new Observed(attempt, observed, ONCE, T0);
  }

  private static InstanceCommand.StagesFinished report(int attempt, Stage... stages) {
    return new InstanceCommand.StagesFinished(
        attempt,
        Stream.of(stages)
            .map(stage -> finished(attempt, stage))
            .map(
                f ->
                    new InstanceCommand.Finished(
                        f.done(),
                        f.endpoint(),
                        f.configVersion(),
                        f.overrides(),
                        f.thawed(),
                        Optional.empty(),
                        f.at()))
            .toList());
  }

  private InstanceCommand recover(int attempt, int slotReturns, boolean homeExists) {
    return recover(attempt, slotReturns, homeExists ? Optional.of(1) : Optional.empty());
  }

  private InstanceCommand recover(int attempt, int slotReturns, Optional<Integer> home) {
    return recover(attempt, slotReturns, home, 0);
  }

  private InstanceCommand recover(int attempt, int slotReturns, Optional<Integer> home, int ran) {
    return new InstanceCommand.Recover(
        "key", attempt, slotReturns, home, ran, States.PROFILE.model(), T0, replyTo);
  }

  private static InstanceState lost() {
    return then(
        running(),
        new InstanceEvent.Failed(1, Optional.empty(), T0, "GATEWAY_CRASHED", "gone", T0));
  }
}
