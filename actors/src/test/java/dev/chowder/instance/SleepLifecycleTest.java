package dev.chowder.instance;

import static dev.chowder.instance.States.T0;
import static dev.chowder.instance.States.finished;
import static dev.chowder.instance.States.running;
import static dev.chowder.instance.States.then;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.instance.InstanceCommand.Observed;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceCommand.RestartPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.Test;

/** How stopped instances reach the levels of sleep, and how starts leave them. */
class SleepLifecycleTest {
  private static final ActorRef<InstanceReply> REPLY_TO =
      TestInbox.<InstanceReply>create().getRef();
  private static final String ORGANIZATION = States.PROFILE.organizationId();
  private static final SleepMemory MEMORY = new SleepMemory(1_200_000_000, 0);

  @Test
  void aStopMayFreezeTheGatewayAndARestartMayNot() {
    var stopping = apply(running(), new InstanceCommand.Stop("key", false, T0, REPLY_TO));
    assertThat(stopping.pendingEffect())
        .isEqualTo(new InstanceEffect.StopGateway(ORGANIZATION, 1, true));
    var restarting = apply(running(), new InstanceCommand.Restart("key", T0, REPLY_TO));
    assertThat(restarting.pendingEffect())
        .isEqualTo(new InstanceEffect.StopGateway(ORGANIZATION, 1, false));
  }

  @Test
  void aStartContinuesTheFrozenGatewayAndSaysSo() {
    var starting = start(frozen());
    assertThat(sleepOf(starting.pendingEffect()))
        .isEqualTo(Sleep.at(SleepLevel.FROZEN, 1, T0, MEMORY));
    assertThat(servedBy(run(starting, true))).hasValue("thaw");
  }

  @Test
  void aGatewayThatCouldNotBeThawedWasBooted() {
    var booted = run(start(frozen()), false);
    assertThat(servedBy(booted)).hasValue("boot");
    // A repetition of the last stage must not try to thaw a process that the boot replaced.
    var published =
        then(start(frozen()), finished(2, Stage.OPENCLAW_CONFIG), finished(2, Stage.START_GATEWAY));
    assertThat(sleepOf(published.pendingEffect()).holdsProcesses()).isFalse();
  }

  @Test
  void aPagedOutGatewayIsServedByPageIn() {
    var pagedOut = apply(frozen(), deepen(SleepLevel.PAGED_OUT));
    assertThat(pagedOut.pendingEffect())
        .isEqualTo(new InstanceEffect.Deepen(ORGANIZATION, 1, SleepLevel.PAGED_OUT));
    pagedOut = apply(pagedOut, reached(SleepLevel.PAGED_OUT));
    assertThat(pagedOut.pendingEffect()).isEqualTo(new InstanceEffect.None());
    assertThat(servedBy(run(start(pagedOut), true))).hasValue("page_in");
  }

  @Test
  void aThawedGatewayKeepsTheAttemptThatBootedItInItsNextSleep() {
    var running = run(start(frozen()), true);
    var again =
        apply(
            running,
            new InstanceCommand.Stop("key", false, T0, REPLY_TO),
            new InstanceCommand.GatewayStopped(2, SleepLevel.FROZEN, 1, MEMORY, T0));
    assertThat(start(again))
        .isInstanceOfSatisfying(
            InstanceState.Starting.class,
            s -> {
              assertThat(s.attempt()).isEqualTo(3);
              assertThat(s.sleep().boot()).isEqualTo(1);
            });
  }

  @Test
  void aSleepOnlyGetsDeeper() {
    var off = apply(frozen(), deepen(SleepLevel.OFF), reached(SleepLevel.OFF));
    assertThat(sleep(off).holdsProcesses()).isFalse();
    assertThat(apply(off, deepen(SleepLevel.PAGED_OUT))).isEqualTo(off);
    assertThat(apply(off, reached(SleepLevel.PAGED_OUT))).isEqualTo(off);
    var pagedOut = apply(frozen(), deepen(SleepLevel.PAGED_OUT), reached(SleepLevel.PAGED_OUT));
    assertThat(apply(pagedOut, deepen(SleepLevel.FROZEN))).isEqualTo(pagedOut);
    assertThat(apply(pagedOut, reached(SleepLevel.FROZEN))).isEqualTo(pagedOut);
  }

  @Test
  void aStopThatMustEndTheGatewayIgnoresTheReportOfAnEarlierFreeze() {
    var stopping = apply(States.running(), new InstanceCommand.Stop("key", false, T0, REPLY_TO));
    assertThat(apply(stopping, deepen(SleepLevel.PAGED_OUT))).isEqualTo(stopping);
    var ending = apply(stopping, deepen(SleepLevel.OFF));
    assertThat(ending.pendingEffect())
        .isEqualTo(new InstanceEffect.StopGateway(ORGANIZATION, 1, false));
    assertThat(apply(ending, deepen(SleepLevel.OFF))).isEqualTo(ending);
    var frozen = new InstanceCommand.GatewayStopped(1, SleepLevel.FROZEN, 1, MEMORY, T0);
    assertThat(apply(ending, frozen)).isEqualTo(ending);
    var ended = new InstanceCommand.GatewayStopped(1, SleepLevel.OFF, 0, SleepMemory.NONE, T0);
    assertThat(sleep(apply(ending, ended)).holdsProcesses()).isFalse();
  }

  @Test
  void aHostWithoutSwapLeavesTheGatewayFrozen() {
    var state = apply(frozen(), deepen(SleepLevel.PAGED_OUT), reached(SleepLevel.FROZEN));
    assertThat(sleep(state).isDeepening()).isFalse();
    assertThat(sleep(state).level()).isEqualTo(SleepLevel.FROZEN);
    assertThat(state.pendingEffect()).isEqualTo(new InstanceEffect.None());
  }

  @Test
  void aStartWinsOverASleepThatIsDeepening() {
    var deepening = apply(frozen(), deepen(SleepLevel.OFF));
    var starting = start(deepening);
    assertThat(sleepOf(starting.pendingEffect()).holdsProcesses()).isTrue();
    // They may have SIGTERM already.
    assertThat(sleepOf(starting.pendingEffect()).canWake()).isFalse();
    var pagingOut = apply(frozen(), deepen(SleepLevel.PAGED_OUT));
    assertThat(sleepOf(start(pagingOut).pendingEffect()).canWake()).isTrue();
    assertThat(apply(starting, reached(SleepLevel.OFF))).isEqualTo(starting);
    assertThat(apply(starting, deepen(SleepLevel.OFF))).isEqualTo(starting);
  }

  @Test
  void aTokenIsRotatedOnlyAfterTheProcessesThatKnowThePreviousOneHaveEnded() {
    var rotating = apply(frozen(), new InstanceCommand.RotateToken("key", "r1", T0, REPLY_TO));
    assertThat(rotating.pendingEffect())
        .isEqualTo(new InstanceEffect.Deepen(ORGANIZATION, 1, SleepLevel.OFF));
    assertThat(apply(rotating, reached(SleepLevel.OFF)).pendingEffect())
        .isEqualTo(new InstanceEffect.RotateToken(ORGANIZATION, 1, "", 1));
    // A start meanwhile ends them, too, so that the gateway reads the token file.
    var sleep = sleepOf(start(rotating).pendingEffect());
    assertThat(sleep.canWake()).isFalse();
    assertThat(sleep.holdsProcesses()).isTrue();
  }

  @Test
  void aLostSleeperIsOffAndLosesNothing() {
    for (var observed :
        List.of(
            new ObservedState.HomeOnly(),
            new ObservedState.Down("OUT_OF_MEMORY", "gateway: killed", true),
            new ObservedState.Down("ENGINE_RESTARTED", "gateway: ended", false))) {
      var state = apply(frozen(), observed(1, observed));
      assertThat(sleep(state).holdsProcesses()).as(observed.toString()).isFalse();
      assertThat(InstanceStatus.of(state).now()).isEqualTo(InstanceStatus.Name.STOPPED);
      assertThat(servedBy(run(start(state), false))).hasValue("boot");
    }
  }

  @Test
  void aFrozenProcessIsExpectedOnlyOfAStoppedInstance() {
    assertThat(apply(frozen(), observed(1, new ObservedState.Frozen()))).isEqualTo(frozen());
    assertThat(apply(running(), observed(1, new ObservedState.Frozen())))
        .isInstanceOfSatisfying(
            InstanceState.Waiting.class, w -> assertThat(w.cause()).contains("frozen"));
  }

  @Test
  void aFrozenProcessOfAnInstanceThatIsOffIsEnded() {
    var off = apply(frozen(), reached(SleepLevel.OFF));
    assertThat(apply(off, observed(1, new ObservedState.Frozen())).pendingEffect())
        .isEqualTo(new InstanceEffect.StopGateway(ORGANIZATION, 1, false));
  }

  @Test
  void aSleeperThatSomeoneThawedIsStoppedAgainUnlessItIsBeingEnded() {
    var up = observed(1, new ObservedState.Up(States.ENDPOINT));
    assertThat(apply(frozen(), up)).isInstanceOf(InstanceState.Stopping.class);
    var deepening = apply(frozen(), deepen(SleepLevel.OFF));
    assertThat(apply(deepening, up)).isEqualTo(deepening);
  }

  @Test
  void aLatePageOutDoesNotTakeBackARequestToEndTheProcesses() {
    var ending = apply(frozen(), deepen(SleepLevel.PAGED_OUT), deepen(SleepLevel.OFF));
    for (var late : List.of(SleepLevel.FROZEN, SleepLevel.PAGED_OUT)) {
      assertThat(apply(ending, reached(late)).pendingEffect())
          .as(late.label())
          .isEqualTo(new InstanceEffect.Deepen(ORGANIZATION, 1, SleepLevel.OFF));
    }
  }

  @Test
  void aSleeperThatEndsForARotationMayRunMeanwhile() {
    var rotating = apply(frozen(), new InstanceCommand.RotateToken("key", "r1", T0, REPLY_TO));
    assertThat(apply(rotating, observed(1, new ObservedState.Up(States.ENDPOINT))))
        .isEqualTo(rotating);
  }

  @Test
  void aNodeOfVersion0CannotReadAStopThatEndsTheProcesses() {
    assertThat(InstanceJournal.versionOf(new InstanceEvent.StopRequested("", true, T0)))
        .isEqualTo(1);
    assertThat(InstanceJournal.versionOf(new InstanceEvent.StopRequested("", false, T0))).isZero();
  }

  @Test
  void aStopThatEndsTheProcessesLeavesNoneFrozen() {
    var ending = new InstanceCommand.Stop("", true, T0, REPLY_TO);
    var ended = new InstanceEffect.StopGateway(ORGANIZATION, 1, false);
    assertThat(apply(running(), ending).pendingEffect()).isEqualTo(ended);
    var freezing = apply(running(), new InstanceCommand.Stop("key", false, T0, REPLY_TO));
    assertThat(apply(freezing, ending).pendingEffect()).isEqualTo(ended);
    assertThat(apply(frozen(), ending).pendingEffect())
        .isEqualTo(new InstanceEffect.Deepen(ORGANIZATION, 1, SleepLevel.OFF));
    // A caller's stop does not take it back.
    var both = apply(freezing, ending, new InstanceCommand.Stop("key", false, T0, REPLY_TO));
    assertThat(both.pendingEffect()).isEqualTo(ended);
  }

  @Test
  void anOperatorStopsAnInstanceThatStartsOrRestarts() {
    var ending = new InstanceCommand.Stop("", true, T0, REPLY_TO);
    for (var state :
        List.of(start(frozen()), start(apply(frozen(), reached(SleepLevel.OFF))), restarting())) {
      int attempt = ((InstanceState.Existing) state).attempt();
      assertThat(apply(state, ending).pendingEffect())
          .isEqualTo(new InstanceEffect.StopGateway(ORGANIZATION, attempt, false));
    }
  }

  private static InstanceState restarting() {
    return apply(running(), new InstanceCommand.Restart("key", T0, REPLY_TO));
  }

  private static InstanceState frozen() {
    return States.sleeping();
  }

  private static InstanceState start(InstanceState state) {
    return apply(state, new InstanceCommand.Start("key", T0, REPLY_TO));
  }

  /** Finishes the stages of a start. */
  private static InstanceState run(InstanceState starting, boolean thawed) {
    int attempt = ((InstanceState.Existing) starting).attempt();
    var f = finished(attempt, Stage.START_GATEWAY);
    return then(
        starting,
        finished(attempt, Stage.OPENCLAW_CONFIG),
        new InstanceEvent.StageFinished(
            attempt, f.done(), f.endpoint(), 0, "", thawed, Optional.empty(), f.at()),
        finished(attempt, Stage.PUBLISH));
  }

  private static Optional<String> servedBy(InstanceState state) {
    return InstanceView.of(new InstanceId("01a20000-0000-7000-8000-000000000001"), 1, state)
        .orElseThrow()
        .servedBy();
  }

  private static Sleep sleep(InstanceState state) {
    return ((InstanceState.Stopped) state).sleep();
  }

  private static Sleep sleepOf(InstanceEffect effect) {
    return ((InstanceEffect.RunStages) effect).sleep();
  }

  private static InstanceCommand deepen(SleepLevel level) {
    return new InstanceCommand.Deepen(level, T0, REPLY_TO);
  }

  private static InstanceCommand reached(SleepLevel level) {
    return new InstanceCommand.SleepReached(1, level, MEMORY, T0);
  }

  private static InstanceCommand observed(int attempt, ObservedState observed) {
    return new Observed(attempt, observed, new RestartPolicy(3, Duration.ofMinutes(10)), T0);
  }

  private static InstanceState apply(InstanceState state, InstanceCommand... commands) {
    for (var command : commands) {
      var decision = InstanceLifecycle.decide(state, command);
      for (var event : ((Decision.Accept) decision).events()) {
        state = InstanceLifecycle.evolve(state, event);
      }
    }
    return state;
  }
}
