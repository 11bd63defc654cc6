package dev.chowder.instance;

import static dev.chowder.instance.States.ENDPOINT;
import static dev.chowder.instance.States.SETUP;
import static dev.chowder.instance.States.T0;
import static dev.chowder.instance.States.all;
import static dev.chowder.instance.States.apply;
import static dev.chowder.instance.States.finished;
import static dev.chowder.instance.States.outcome;
import static dev.chowder.instance.States.pooled;
import static dev.chowder.instance.States.running;
import static dev.chowder.instance.States.then;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.instance.InstanceCommand.Observed;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceCommand.RestartPolicy;
import dev.chowder.instance.InstanceState.Discarded;
import dev.chowder.instance.InstanceState.Errored;
import dev.chowder.instance.InstanceState.Pooled;
import dev.chowder.instance.InstanceState.Provisioning;
import dev.chowder.instance.InstanceState.Running;
import dev.chowder.instance.InstanceState.Starting;
import dev.chowder.instance.InstanceState.Warming;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How a pool member is created, claimed and discarded. */
class MemberLifecycleTest {
  private static final ActorRef<InstanceReply> REPLY_TO =
      TestInbox.<InstanceReply>create().getRef();
  private static final String ORGANIZATION = States.PROFILE.organizationId();
  private static final Instant LATER = T0.plusSeconds(60);
  private static final InstanceId ID = new InstanceId("0190a000-0000-7000-8000-00000000000a");

  @ParameterizedTest
  @CsvSource({
    "Absent,       Warming,       AlreadyExists, Absent,       Absent,       Tombstone",
    "Tombstone,    AlreadyExists, AlreadyExists, Tombstone,    Tombstone,    Tombstone",
    "Provisioning, AlreadyExists, AlreadyExists, Provisioning, Provisioning, Provisioning",
    "Running,      AlreadyExists, AlreadyExists, Running,      Running,      Running",
    "Stopping,     AlreadyExists, AlreadyExists, Stopping,     Stopping,     Stopping",
    "Restarting,   AlreadyExists, AlreadyExists, Restarting,   Restarting,   Restarting",
    "Waiting,      AlreadyExists, AlreadyExists, Waiting,      Waiting,      Waiting",
    "Stopped,      AlreadyExists, AlreadyExists, Stopped,      Stopped,      Stopped",
    "Starting,     AlreadyExists, AlreadyExists, Starting,     Starting,     Starting",
    "Errored,      AlreadyExists, AlreadyExists, Errored,      Errored,      Errored",
    "Deleted,      AlreadyExists, AlreadyExists, Deleted,      Deleted,      Deleted",
    "Warming,      AlreadyExists, AlreadyExists, Discarded,    Warming,      Discarded",
    "Pooled,       AlreadyExists, Running,       Discarded,    Pooled,       Discarded",
    "Discarded,    AlreadyExists, AlreadyExists, Discarded,    Errored,      Discarded",
  })
  void aCommandLeadsToTheSpecifiedStateOrRejection(
      String from, String warm, String claim, String discard, String found, String unused) {
    var state = state(from);
    assertThat(outcome(state, warm("another"))).isEqualTo(warm);
    assertThat(outcome(state, claim(States.profile("another", T0)))).isEqualTo(claim);
    assertThat(outcome(state, new InstanceCommand.Discard(LATER))).isEqualTo(discard);
    assertThat(outcome(state, new InstanceCommand.ClaimFound(1, LATER))).isEqualTo(found);
    assertThat(outcome(state, releaseUnusedSlot())).isEqualTo(unused);
  }

  @Test
  void aMemberWarmsUpBeforeItIsPublished() {
    InstanceState state = apply(new InstanceState.Absent(), warm("warm"));
    var stages = new ArrayList<>(Stage.OF_PROVISIONING);
    stages.add(stages.indexOf(Stage.PUBLISH), Stage.WARM_UP);
    for (var stage : stages) {
      assertThat(state.pendingEffect())
          .isInstanceOfSatisfying(
              InstanceEffect.RunStages.class,
              run -> {
                assertThat(run.stages()).startsWith(stage);
                assertThat(run.sleep()).isEqualTo(Sleep.OFF);
              });
      state = apply(state, report(1, stage, false));
    }
    assertThat(state)
        .isInstanceOfSatisfying(
            Pooled.class,
            p -> {
              assertThat(p.endpoint()).isEqualTo(ENDPOINT);
              assertThat(p.setup()).isEqualTo(SETUP);
              assertThat(p.profile().homes().agentRan()).isTrue();
            });
    assertThat(state.pendingEffect()).isEqualTo(new InstanceEffect.None());
  }

  /** The reply to the first command was lost. */
  @ParameterizedTest
  @ValueSource(strings = {"Warming", "Pooled", "Discarded"})
  void aResentWarmChangesNothing(String name) {
    assertThat(apply(state(name), warm("warm"))).isEqualTo(state(name));
  }

  /** Callers get NotFound for a member, so that they cannot tell it from an id that is not used. */
  @ParameterizedTest
  @ValueSource(strings = {"Warming", "Pooled", "Discarded"})
  void callersFindNoMember(String name) {
    var state = state(name);
    LifecycleExploration.verbs(state)
        .forEach(
            (verb, command) -> {
              if (command instanceof InstanceCommand.Update
                  || command instanceof InstanceCommand.Stop
                  || command instanceof InstanceCommand.Start
                  || command instanceof InstanceCommand.Restart
                  || command instanceof InstanceCommand.Recover
                  || command instanceof InstanceCommand.RotateToken
                  || command instanceof InstanceCommand.SwitchChannel
                  || command instanceof InstanceCommand.Deepen
                  || command instanceof InstanceCommand.Delete) {
                assertThat(outcome(state, command)).as(verb).isEqualTo("NotFound");
              }
            });
    var view = view(state);
    assertThat(view.isListed()).isFalse();
    assertThat(view.member()).hasValue(SETUP);
    assertThat(view.ranBefore()).isFalse();
    assertThat(view.slotHeld()).isFalse();
  }

  @Test
  void aViewOfAMemberShowsWhereItIs() {
    assertThat(view(state("Warming")))
        .satisfies(
            view -> {
              assertThat(view.status().now().label()).isEqualTo("warming");
              assertThat(view.status().isSteady()).isFalse();
              assertThat(view.stage()).hasValue("create_sandbox");
              assertThat(view.endpoint()).isEmpty();
              assertThat(view.hasSandbox()).isFalse();
            });
    assertThat(view(pooled()))
        .satisfies(
            view -> {
              assertThat(view.status().now().label()).isEqualTo("pooled");
              assertThat(view.status().isSteady()).isTrue();
              assertThat(view.endpoint()).hasValue(ENDPOINT);
              assertThat(view.hasSandbox()).isTrue();
              assertThat(view.stages()).hasSize(Stage.OF_WARMING.size());
            });
    assertThat(view(state("Discarded")))
        .satisfies(
            view -> {
              assertThat(view.isTerminated()).isTrue();
              assertThat(view.stage()).hasValue("remove_sandbox");
              assertThat(view.hasSandbox()).isFalse();
            });
  }

  @Test
  void aClaimWithoutOverridesRunsAtOnce() {
    var profile = States.profile("create", LATER);
    var running = apply(pooled(), claim(profile, LATER));
    assertThat(running)
        .isInstanceOfSatisfying(
            Running.class,
            r -> {
              assertThat(r.profile())
                  .usingRecursiveComparison()
                  .ignoringFields("homes")
                  .isEqualTo(profile);
              assertThat(r.profile().homes().agentRan()).isTrue();
              assertThat(r.attempt()).isEqualTo(1);
              assertThat(r.endpoint()).isEqualTo(ENDPOINT);
              assertThat(r.servedBy()).isEqualTo(ServedBy.POOL);
              assertThat(r.stages())
                  .extracting(StageRecord::stage)
                  .containsAll(Stage.OF_PROVISIONING);
              assertThat(r.stages())
                  .allMatch(one -> one.outcome() == StageRecord.Outcome.PREPARED)
                  .allMatch(one -> one.startedAt().equals(LATER));
            });
    assertThat(running.pendingEffect()).isEqualTo(new InstanceEffect.None());
    var view = view(running);
    assertThat(view.isListed()).isTrue();
    assertThat(view.member()).isEmpty();
    assertThat(view.ranBefore()).isTrue();
    assertThat(view.slotHeld()).isTrue();
    assertThat(view.servedBy()).hasValue("pool");
  }

  @Test
  void aClaimWithOverridesAppliesThemInTheRunningGateway() {
    var claimed = apply(pooled(), claim(States.configured("create", LATER), LATER));
    assertThat(claimed)
        .isInstanceOfSatisfying(
            Provisioning.class,
            p -> {
              assertThat(p.attempt()).isEqualTo(2);
              assertThat(p.claimed()).isTrue();
              assertThat(p.progress().since()).isEqualTo(LATER);
              assertThat(p.progress().done())
                  .extracting(StageRecord::stage)
                  .containsExactly(
                      Stage.CREATE_SANDBOX,
                      Stage.ONBOARD,
                      Stage.GATEWAY_TOKEN,
                      Stage.RESPONSES_ENDPOINT);
              assertThat(p.progress().done())
                  .allMatch(one -> one.outcome() == StageRecord.Outcome.PREPARED);
            });
    assertThat(claimed.pendingEffect())
        .isInstanceOfSatisfying(
            InstanceEffect.RunStages.class,
            run -> {
              assertThat(run.stages())
                  .containsExactly(Stage.OPENCLAW_CONFIG, Stage.START_GATEWAY, Stage.PUBLISH);
              assertThat(run.sleep().canWake()).isTrue();
              assertThat(run.sleep().boot()).isEqualTo(1);
              assertThat(run.config().version()).isEqualTo(1);
              assertThat(run.config().overrides().version()).isEqualTo("v1");
            });
    assertThat(view(claimed).ranBefore()).isTrue();
    assertThat(view(claimed).slotHeld()).isTrue();

    var running =
        apply(
            claimed,
            report(2, Stage.OPENCLAW_CONFIG, false),
            applied(2, Stage.START_GATEWAY, true),
            report(2, Stage.PUBLISH, false));
    assertThat(running)
        .isInstanceOfSatisfying(
            Running.class,
            r -> {
              assertThat(r.servedBy()).isEqualTo(ServedBy.POOL);
              assertThat(r.stages()).hasSize(Stage.OF_PROVISIONING.size());
              assertThat(r.profile().configPending()).isFalse();
            });
    assertThat(running.pendingEffect()).isEqualTo(new InstanceEffect.None());
  }

  @Test
  void aClaimedGatewayThatDidNotTakeTheOverridesIsBooted() {
    var booted =
        apply(
            States.claimedWithConfig(),
            report(2, Stage.OPENCLAW_CONFIG, false),
            applied(2, Stage.START_GATEWAY, false));
    // A repetition of the last stage must not continue a process that the boot replaced.
    assertThat(booted.pendingEffect())
        .isInstanceOfSatisfying(
            InstanceEffect.RunStages.class,
            run -> {
              assertThat(run.sleep().holdsProcesses()).isFalse();
              assertThat(run.purpose()).isEqualTo(InstanceEffect.Purpose.PROVISIONING);
            });
    assertThat(outcome(booted, recover(2))).isEqualTo("WrongState");
    assertThat(apply(booted, report(2, Stage.PUBLISH, false)))
        .isInstanceOfSatisfying(
            Running.class, r -> assertThat(r.servedBy()).isEqualTo(ServedBy.COLD));
  }

  @Test
  void aClaimedInstanceThatFailsKeepsItsHomeVolumeAndCanBeRecovered() {
    var failed =
        apply(
            States.claimedWithConfig(),
            new InstanceCommand.EffectFailed(
                2, Optional.of(Stage.OPENCLAW_CONFIG), T0, "TIMED_OUT", "too slow", LATER),
            new InstanceCommand.SlotReleased(LATER));
    assertThat(failed)
        .isInstanceOfSatisfying(Errored.class, e -> assertThat(e.homeKept()).isTrue());
    assertThat(failed.pendingEffect())
        .isInstanceOfSatisfying(
            InstanceEffect.Remove.class,
            remove -> assertThat(remove.scope()).isEqualTo(InstanceEffect.Scope.PROCESSES));
    assertThat(apply(failed, recover(2)))
        .isInstanceOfSatisfying(Starting.class, s -> assertThat(s.attempt()).isEqualTo(3));
  }

  @Test
  void onlyAClaimThatFitsIsAccepted() {
    var create = States.profile("create", T0);
    var otherModel = new ModelChoice("custom", "other", "", "");
    for (var setup :
        List.of(
            new PoolSetup(SETUP.model(), "1", SETUP.image()),
            new PoolSetup(SETUP.model(), SETUP.keyVersion(), "image-2"),
            new PoolSetup(otherModel, SETUP.keyVersion(), SETUP.image()))) {
      assertThat(outcome(pooled(), claim(create, setup, T0))).isEqualTo("AlreadyExists");
    }
    assertThat(outcome(pooled(), claim(States.ofAnotherOrganization(create))))
        .isEqualTo("AlreadyExists");
  }

  @Test
  void onlyTheFirstClaimIsAcceptedAndItCanBeResent() {
    for (var first : List.of(States.profile("create", T0), States.configured("create", T0))) {
      var claimed = apply(pooled(), claim(first));
      assertThat(apply(claimed, claim(first))).isEqualTo(claimed);
      assertThat(outcome(claimed, claim(States.profile("another", T0)))).isEqualTo("AlreadyExists");
    }
    var claimed = apply(pooled(), claim(States.profile("create", T0)));
    for (var later :
        List.of(
            apply(claimed, new InstanceCommand.Stop("key", false, T0, REPLY_TO)),
            apply(claimed, new InstanceCommand.Delete("key", "delete", T0, REPLY_TO)))) {
      assertThat(apply(later, claim(States.profile("create", T0)))).isEqualTo(later);
    }
  }

  @Test
  void aReleasedSlotPreventsALaterClaim() {
    var discarded = apply(pooled(), releaseUnusedSlot());
    assertThat(view(discarded).slotHeld()).isTrue();
    assertThat(discarded.pendingEffect()).isEqualTo(new InstanceEffect.ReleaseSlot(ORGANIZATION));
    assertThat(outcome(discarded, claim(States.profile("create", T0)))).isEqualTo("AlreadyExists");
    assertThat(apply(discarded, releaseUnusedSlot())).isEqualTo(discarded);

    var released = apply(discarded, new InstanceCommand.SlotReleased(LATER));
    assertThat(released.pendingEffect())
        .isEqualTo(
            new InstanceEffect.Remove(
                ORGANIZATION,
                InstanceEffect.Scope.MEMBER,
                1,
                ((Pooled) pooled()).profile().homes()));
    assertThat(outcome(released, claim(States.profile("create", T0)))).isEqualTo("AlreadyExists");
    // A slow create may have reserved the slot after its release.
    assertThat(apply(released, releaseUnusedSlot()).pendingEffect())
        .isEqualTo(new InstanceEffect.ReleaseSlot(ORGANIZATION));

    var removed = apply(released, removed());
    assertThat(removed.pendingEffect()).isEqualTo(new InstanceEffect.None());
    var again = apply(removed, releaseUnusedSlot());
    assertThat(again.pendingEffect()).isEqualTo(new InstanceEffect.ReleaseSlot(ORGANIZATION));
    assertThat(apply(again, new InstanceCommand.SlotReleased(LATER)).pendingEffect())
        .isEqualTo(new InstanceEffect.None());
  }

  @Test
  void aDiscardedMemberIsRemovedAndKeepsNoSlot() {
    for (var member : List.of(state("Warming"), pooled())) {
      var discarded = apply(member, new InstanceCommand.Discard(LATER));
      assertThat(discarded.pendingEffect())
          .isInstanceOfSatisfying(
              InstanceEffect.Remove.class,
              remove -> assertThat(remove.scope()).isEqualTo(InstanceEffect.Scope.MEMBER));
      assertThat(apply(discarded, new InstanceCommand.Discard(LATER))).isEqualTo(discarded);
      assertThat(apply(discarded, new InstanceCommand.SlotReleased(LATER))).isEqualTo(discarded);
      var removed = apply(discarded, removed());
      assertThat(removed.pendingEffect()).isEqualTo(new InstanceEffect.None());
      assertThat(apply(removed, removed())).isEqualTo(removed);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aStageThatFailsDiscardsTheMember(Stage failing) {
    var warming = warmingAt(failing);
    for (var reason : List.of("TIMED_OUT", "ENGINE_RESTARTED", "IMAGE_MISSING")) {
      assertThat(apply(warming, failed(1, failing, reason)))
          .isInstanceOfSatisfying(Discarded.class, d -> assertThat(d.slotHeld()).isFalse());
    }
    for (var other : Stage.OF_WARMING) {
      if (other == failing) continue;
      assertThat(apply(warming, failed(1, other, "TIMED_OUT"))).isEqualTo(warming);
    }
    assertThat(apply(warming, failed(2, failing, "TIMED_OUT"))).isEqualTo(warming);
  }

  @Test
  void anOverdueStageDiscardsTheMember() {
    var limit = Duration.ofMinutes(5);
    var warming = state("Warming");
    assertThat(apply(warming, new InstanceCommand.Redispatch(T0.plus(limit), limit)))
        .isEqualTo(warming);
    assertThat(apply(warming, new InstanceCommand.Redispatch(T0.plus(limit).plusMillis(1), limit)))
        .isInstanceOf(Discarded.class);
    assertThat(
            apply(pooled(), new InstanceCommand.Redispatch(T0.plus(limit.multipliedBy(9)), limit)))
        .isEqualTo(pooled());
  }

  @Test
  void aMemberWithoutItsGatewayIsDiscarded() {
    assertThat(apply(pooled(), observed(1, new ObservedState.Up(ENDPOINT)))).isEqualTo(pooled());
    for (var state :
        List.of(
            new ObservedState.Up("127.0.0.1:5"),
            new ObservedState.Down("GATEWAY_CRASHED", "gateway: ended", true),
            new ObservedState.Down("ENGINE_RESTARTED", "gateway: ended", false),
            new ObservedState.Frozen(),
            new ObservedState.HomeOnly(),
            new ObservedState.Nothing(),
            new ObservedState.DiskFull("home: 2"),
            new ObservedState.OtherHome(2, true),
            new ObservedState.OtherHost("another host"),
            new ObservedState.LaterUp(2, 1, ENDPOINT))) {
      assertThat(apply(pooled(), observed(1, state)))
          .as(state.toString())
          .isInstanceOfSatisfying(Discarded.class, d -> assertThat(d.slotHeld()).isFalse());
      assertThat(apply(pooled(), observed(0, state))).isEqualTo(pooled());
      // Its stages find out themselves.
      assertThat(apply(state("Warming"), observed(1, state))).isEqualTo(state("Warming"));
    }
  }

  /** A call that the engine executed late created it again. */
  @Test
  void aSandboxThatReappearsAfterADiscardIsRemoved() {
    var gone = apply(state("Discarded"), removed());
    assertThat(apply(gone, observed(1, new ObservedState.Nothing()))).isEqualTo(gone);
    for (var state : List.of(new ObservedState.HomeOnly(), new ObservedState.Up(ENDPOINT))) {
      assertThat(apply(gone, observed(1, state)).pendingEffect())
          .isInstanceOfSatisfying(
              InstanceEffect.Remove.class,
              remove -> assertThat(remove.scope()).isEqualTo(InstanceEffect.Scope.MEMBER));
    }
  }

  /** The restored database knows each of these states, and the host an agent. */
  @Test
  void aMemberWhoseClaimWasLostKeepsItsHomeVolume() {
    for (var stage : Stage.OF_WARMING) assertThatItsHomeIsKept(warmingAt(stage));
    assertThatItsHomeIsKept(pooled());
  }

  private static void assertThatItsHomeIsKept(InstanceState member) {
    var found =
        apply(member, new InstanceCommand.Discard(LATER), new InstanceCommand.ClaimFound(1, LATER));
    assertThat(found)
        .isInstanceOfSatisfying(
            Errored.class,
            e -> {
              assertThat(e.reason()).isEqualTo("CLAIM_LOST");
              assertThat(e.message()).contains("recover");
              assertThat(e.homeKept()).isTrue();
            });
    assertThat(view(found).isListed()).isTrue();
    // The organization may hold its slot, and may not: its database is older, too.
    assertThat(found.pendingEffect()).isEqualTo(new InstanceEffect.ReleaseSlot(ORGANIZATION));
    found = apply(found, new InstanceCommand.SlotReleased(LATER));
    assertThat(found.pendingEffect())
        .isInstanceOfSatisfying(
            InstanceEffect.Remove.class,
            remove -> {
              assertThat(remove.scope()).isEqualTo(InstanceEffect.Scope.PROCESSES);
              assertThat(remove.homes().isUnused(1, 1)).isFalse();
            });
    found = apply(found, new InstanceCommand.Removed(1, InstanceEffect.Scope.PROCESSES, LATER));
    assertThat(apply(found, observed(1, new ObservedState.HomeOnly()))).isEqualTo(found);
    assertThat(apply(found, recover(1)))
        .isInstanceOfSatisfying(
            Starting.class,
            s -> {
              assertThat(s.attempt()).isEqualTo(2);
              assertThat(s.profile().homes().generation()).isEqualTo(1);
            });
  }

  @Test
  void aClaimIsFoundOnlyWhileTheMemberIsRemoved() {
    var discarded = state("Discarded");
    assertThat(apply(discarded, new InstanceCommand.ClaimFound(2, LATER))).isEqualTo(discarded);
    var removed = apply(discarded, removed());
    assertThat(apply(removed, new InstanceCommand.ClaimFound(1, LATER))).isEqualTo(removed);
  }

  @Test
  void anEventOfAMemberCannotOccurInAnotherState() {
    for (var event :
        List.of(new InstanceEvent.Discarded(false, "", T0), States.claimed(States.PROFILE))) {
      assertThatThrownBy(() -> then(running(), event)).isInstanceOf(IllegalStateException.class);
    }
    var late = new InstanceEvent.Failed(1, Optional.empty(), T0, "X", "x", T0);
    assertThatThrownBy(() -> then(pooled(), late)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aClaimTakesTheSandboxOfTheMember() {
    var member = then(state("Warming"), States.sandboxCreated(1));
    for (var stage : Stage.OF_WARMING.subList(1, Stage.OF_WARMING.size())) {
      member = then(member, finished(1, stage));
    }
    var claimed = (InstanceState.Existing) apply(member, claim(States.profile("create", T0)));
    assertThat(claimed).isInstanceOf(Running.class);
    assertThat(claimed.profile().sandbox()).hasValue(States.SANDBOX);
  }

  private static InstanceState warmingAt(Stage stage) {
    var state = state("Warming");
    for (var done : Stage.OF_WARMING.subList(0, Stage.OF_WARMING.indexOf(stage)))
      state = then(state, finished(1, done));
    assertThat(state).isInstanceOf(Warming.class);
    return state;
  }

  private static InstanceCommand warm(String requestId) {
    return new InstanceCommand.Warm(States.profile(requestId, T0), SETUP, T0, REPLY_TO);
  }

  private static InstanceCommand claim(Profile profile) {
    return claim(profile, T0);
  }

  private static InstanceCommand claim(Profile profile, Instant now) {
    return claim(profile, SETUP, now);
  }

  private static InstanceCommand claim(Profile profile, PoolSetup setup, Instant now) {
    return new InstanceCommand.Claim("key", profile, setup, now, REPLY_TO);
  }

  private static InstanceCommand releaseUnusedSlot() {
    return new InstanceCommand.ReleaseUnusedSlot(ORGANIZATION, LATER, REPLY_TO);
  }

  private static InstanceCommand removed() {
    return new InstanceCommand.Removed(1, InstanceEffect.Scope.MEMBER, LATER);
  }

  private static InstanceCommand failed(int attempt, Stage stage, String reason) {
    return new InstanceCommand.EffectFailed(
        attempt, Optional.of(stage), T0, reason, "a cause", LATER);
  }

  private static InstanceCommand recover(int attempt) {
    return new InstanceCommand.Recover(
        "key", attempt, 1, Optional.of(1), attempt, States.PROFILE.model(), LATER, REPLY_TO);
  }

  private static InstanceCommand observed(int attempt, ObservedState observed) {
    return new Observed(attempt, observed, new RestartPolicy(1, Duration.ofMinutes(10)), LATER);
  }

  private static InstanceCommand report(int attempt, Stage stage, boolean thawed) {
    return report(finished(attempt, stage), 0, "", thawed);
  }

  /** Returns the report of a stage that applied the overrides of a claim. */
  private static InstanceCommand applied(int attempt, Stage stage, boolean thawed) {
    return report(finished(attempt, stage), 1, "v1", thawed);
  }

  private static InstanceCommand report(
      InstanceEvent.StageFinished f, int configVersion, String overrides, boolean thawed) {
    return new InstanceCommand.StagesFinished(
        f.attempt(),
        List.of(
            new InstanceCommand.Finished(
                f.done(),
                f.endpoint(),
                configVersion,
                overrides,
                thawed,
                Optional.empty(),
                f.at())));
  }

  private static InstanceView view(InstanceState state) {
    return InstanceView.of(ID, 1, state).orElseThrow();
  }

  private static InstanceState state(String name) {
    return Objects.requireNonNull(all().get(name));
  }
}
