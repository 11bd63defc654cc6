package dev.chowder.effect;

import dev.chowder.gateway.GatewayWork;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceEffect.RunStages;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Performs effects on the thread of their run, and reports their outcome. */
final class EffectPerformer {
  private static final Logger LOG = LoggerFactory.getLogger(EffectPerformer.class);

  private final GatewayWork work;
  private final EffectSettings settings;
  private final Clock clock;
  private final EffectPermits permits;
  private final Tries tries;
  private final StageRunner stages;
  private final StartSpacing starts;

  EffectPerformer(
      GatewayWork work,
      EffectSettings settings,
      Clock clock,
      EffectPermits permits,
      Tries tries,
      StageRunner stages) {
    this.work = work;
    this.settings = settings;
    this.clock = clock;
    this.permits = permits;
    this.tries = tries;
    this.stages = stages;
    this.starts = new StartSpacing(settings.restarts().spacing(), System::nanoTime);
  }

  void perform(EffectRun run) throws InterruptedException {
    switch (run.effect()) {
      case InstanceEffect.None _ -> {}
      case RunStages plan -> stages.runStages(run, plan);
      case InstanceEffect.AwaitStart wait -> awaitStart(run, wait);
      case InstanceEffect.StopGateway stop -> stop(run, stop);
      case InstanceEffect.Deepen deepen -> deepen(run, deepen);
      case InstanceEffect.ApplyConfig apply -> applyConfig(run, apply);
      case InstanceEffect.RotateToken rotate -> rotateToken(run, rotate);
      case InstanceEffect.ReleaseSlot(var organizationId) -> {
        untilDone(
            run,
            () -> {
              work.releaseSlot(run.id(), organizationId);
              return "";
            },
            Optional.empty());
        run.send(new InstanceCommand.SlotReleased(clock.instant()));
      }
      case InstanceEffect.Remove remove -> {
        boolean removed = untilDone(run, () -> work.remove(run.id(), remove), Optional.empty());
        var now = clock.instant();
        run.send(
            removed
                ? new InstanceCommand.Removed(remove.attempt(), remove.scope(), now)
                : new InstanceCommand.ClaimFound(remove.attempt(), now));
      }
    }
  }

  /**
   * Waits until the gateway may start. Holds no permit, since the wait may take minutes, or until
   * another gateway stops and frees memory. A clock that is set back does not prolong the wait.
   */
  private void awaitStart(EffectRun run, InstanceEffect.AwaitStart wait)
      throws InterruptedException {
    var restarts = settings.restarts();
    var delay = restarts.delay(wait.engineLosses());
    var left = Duration.between(clock.instant(), wait.since().plus(delay));
    if (left.isPositive()) Thread.sleep(left.compareTo(delay) < 0 ? left : delay);
    if (!wait.engineLosses().isEmpty()) Thread.sleep(starts.untilNext());
    boolean admitted = work.admitStart(run.id(), wait.attempt());
    if (!admitted)
      LOG.info("instance={} event=start-waits: not enough memory on the host", run.id());
    while (!admitted) {
      Thread.sleep(restarts.memoryRetryInterval());
      admitted = work.admitStart(run.id(), wait.attempt());
    }
    run.send(new InstanceCommand.StartDue(wait.attempt(), clock.instant()));
  }

  private void stop(EffectRun run, InstanceEffect.StopGateway stop) throws InterruptedException {
    var begun = clock.instant();
    GatewayWork.StopResult stopped;
    try {
      stopped =
          untilDone(run, () -> work.stop(run.id(), stop), Optional.of(settings.stopTimeout()));
    } catch (WorkFailure why) {
      run.send(
          new InstanceCommand.EffectFailed(
              stop.attempt(), Optional.empty(), begun, why.reason(), why.text(), clock.instant()));
      return;
    }
    run.send(
        new InstanceCommand.GatewayStopped(
            stop.attempt(),
            stopped.slept().level(),
            stopped.boot(),
            stopped.slept().memory(),
            clock.instant()));
  }

  private void deepen(EffectRun run, InstanceEffect.Deepen deepen) throws InterruptedException {
    var slept = untilDone(run, () -> work.deepen(run.id(), deepen), Optional.empty());
    run.send(
        new InstanceCommand.SleepReached(
            deepen.attempt(), slept.level(), slept.memory(), clock.instant()));
  }

  /**
   * Applies a changed configuration to the running gateway. A gateway that does not accept it in
   * time gets it at its next start.
   */
  private void applyConfig(EffectRun run, InstanceEffect.ApplyConfig apply)
      throws InterruptedException {
    var taken = new AtomicReference<>(ConfigValues.Taken.PENDING);
    String note;
    try {
      note =
          untilDone(
              run,
              () -> {
                var applied = work.applyConfig(run.id(), apply);
                taken.set(applied.overrides());
                return applied.note();
              },
              Optional.of(settings.applyTimeout()));
    } catch (WorkFailure late) {
      note = late.text() + "; it is applied at the next start";
    }
    run.send(
        new InstanceCommand.ConfigApplied(
            apply.attempt(),
            apply.config().version(),
            apply.config().overrides().version(),
            taken.get(),
            note,
            clock.instant()));
  }

  /**
   * Rotates the token. If that does not succeed in time, the rotation stays pending and is
   * re-dispatched.
   */
  private void rotateToken(EffectRun run, InstanceEffect.RotateToken rotate)
      throws InterruptedException {
    try {
      untilDone(
          run,
          () -> {
            work.rotateToken(run.id(), rotate);
            return "";
          },
          Optional.of(settings.stopTimeout()));
    } catch (WorkFailure stillPending) {
      return;
    }
    run.send(
        new InstanceCommand.TokenRotated(rotate.attempt(), rotate.rotation(), clock.instant()));
  }

  /**
   * Retries the action until it succeeds or the run is cancelled. Throws the last failure once the
   * tries and the pauses between them took longer than {@code limit}. Each try waits for a permit;
   * that wait does not count.
   *
   * @param limit maximum duration; empty if the action must succeed
   * @return the result of the action
   */
  private <T> T untilDone(EffectRun run, Tries.Work<T> action, Optional<Duration> limit)
      throws InterruptedException {
    return tries.untilDone(run, permits.general(), new ActionPolicy(run, limit), action);
  }

  /** Repeats an action after each failure, within its limit. */
  private static final class ActionPolicy implements Tries.Policy {
    private final EffectRun run;
    private final Optional<Duration> limit;
    private Duration spent = Duration.ZERO;

    ActionPolicy(EffectRun run, Optional<Duration> limit) {
      this.run = run;
      this.limit = limit;
    }

    @Override
    public Optional<Duration> deadline() {
      return Optional.empty();
    }

    @Override
    public WorkFailure afterFailure(Tries.Failed failed, Duration pause) {
      var failure = EffectFailures.failure("cannot " + action(run.effect()), failed.why());
      spent = spent.plus(failed.took());
      if (limit.isPresent() && spent.compareTo(limit.get()) > 0) {
        Tries.log(run, failure, pause);
        throw failure;
      }
      spent = spent.plus(pause);
      return failure;
    }
  }

  /** Returns the action of the effect, for messages. */
  private static String action(InstanceEffect effect) {
    return switch (effect) {
      case InstanceEffect.None _ -> "do nothing";
      case RunStages _ -> "run the stages";
      case InstanceEffect.AwaitStart _ -> "wait for the start";
      case InstanceEffect.StopGateway _ -> "stop the gateway";
      case InstanceEffect.Deepen _ -> "deepen the sleep of the gateway";
      case InstanceEffect.ApplyConfig _ -> "apply the configuration";
      case InstanceEffect.RotateToken _ -> "rotate the gateway token";
      case InstanceEffect.ReleaseSlot _ -> "release the slot";
      case InstanceEffect.Remove _ -> "remove the sandbox";
    };
  }
}
