package dev.chowder.effect;

import dev.chowder.gateway.GatewayWork;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.gateway.SleepWork;
import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceEffect.RunStages;
import dev.chowder.instance.InstanceEffects;
import dev.chowder.instance.InstanceId;
import dev.chowder.sandbox.HomeRef;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.sleep.SleepFailures;
import dev.chowder.sleep.SleepSettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs effects on virtual threads, one at a time per instance. Each try has a deadline and needs a
 * permit: one of {@link EffectSettings#maxConcurrentBoots} for a stage that may start OpenClaw, one
 * of {@link SleepSettings#maxConcurrentWakes} for a wake, one of {@link
 * EffectSettings#maxConcurrent} otherwise. Organizations get permits in turn. One boot, half of the
 * wakes and a quarter of the rest are reserved for organizations that have no such permit. An
 * effect that must succeed, such as a removal, is retried until it succeeds or is no longer
 * pending. Between tries it holds no permit. Time in the queue counts against no limit.
 */
public final class EffectRunner implements InstanceEffects, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EffectRunner.class);

  private final GatewayWork work;
  private final SleepWork sleep;
  private final Sandboxes sandboxes;
  private final EffectSettings settings;
  private final Clock clock;
  private final EffectPermits permits;
  private final Tries tries;
  private final StageRunner stages;
  private final StartSpacing starts;
  private final Map<InstanceId, EffectRun> runs = new ConcurrentHashMap<>();
  private volatile boolean closed;
  private final ScheduledThreadPoolExecutor timer = timer();

  public EffectRunner(
      GatewayWork work,
      SleepWork sleep,
      Sandboxes sandboxes,
      EffectSettings settings,
      BootPermits boots,
      Clock clock,
      MeterRegistry metrics) {
    this.work = work;
    this.sleep = sleep;
    this.sandboxes = sandboxes;
    this.settings = settings;
    this.clock = clock;
    this.permits = new EffectPermits(settings, boots);
    this.tries = new Tries(settings, timer, this::requireHere);
    this.stages =
        new StageRunner(
            work,
            settings,
            clock,
            permits,
            tries,
            new StageTimers(metrics),
            new SleepFailures(metrics));
    this.starts = new StartSpacing(settings.restarts().spacing(), System::nanoTime);
    metrics.gauge("chowder.effects.waiting", this, EffectRunner::waiting);
    metrics.gauge("chowder.effects.running", this, EffectRunner::running);
  }

  @Override
  public void dispatch(
      InstanceId id,
      Optional<HomeRef> home,
      InstanceEffect effect,
      Consumer<InstanceCommand.Report> report) {
    var target = new EffectRun.Target(id, home);
    runs.compute(
        id,
        (_, current) -> {
          if (closed) return current;
          if (current != null && current.isAlreadyRunning(target, effect)) return current;
          if (current != null) current.cancel();
          // A cancelled run stays until it has ended, so that the next run can wait for it.
          if (effect instanceof InstanceEffect.None) {
            return current == null || current.hasEnded() ? null : current;
          }
          var run = new EffectRun(target, effect, report, current, settings, timer, this::execute);
          run.start();
          return run;
        });
  }

  @Override
  public Duration runningFor(InstanceId id) {
    var run = runs.get(id);
    return run == null ? Duration.ZERO : run.runningFor();
  }

  /**
   * Returns a timer that drops cancelled tasks at once, since a deadline is cancelled long before
   * it is due. After {@link #close} it ignores tasks: a stage that still runs then has no deadline
   * and no report.
   */
  private static ScheduledThreadPoolExecutor timer() {
    var timer =
        new ScheduledThreadPoolExecutor(
            1,
            Thread.ofPlatform().daemon().name("effect-deadlines").factory(),
            new ThreadPoolExecutor.DiscardPolicy());
    timer.setRemoveOnCancelPolicy(true);
    return timer;
  }

  /** Returns the number of effects that wait for a permit. */
  public int waiting() {
    return permits.waiting();
  }

  /** Returns the number of deadlines and reports that are scheduled. */
  int scheduled() {
    return timer.getQueue().size();
  }

  private int running() {
    return permits.taken();
  }

  /**
   * Cancels all runs and starts no further ones. Their effects stay pending, and are dispatched
   * again on another node or after the next start.
   */
  @Override
  public void close() {
    closed = true;
    runs.values().forEach(EffectRun::cancel);
    timer.shutdownNow();
    var until = clock.instant().plus(settings.cancelTimeout());
    for (var run : runs.values()) {
      try {
        run.awaitEnd(Duration.between(clock.instant(), until));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** Performs the effect of a run, on the thread of the run. */
  private void execute(EffectRun run) {
    try {
      run.awaitPredecessor(settings.cancelTimeout());
      if (run.isCancelled()) return;
      perform(run);
    } catch (InterruptedException e) {
      if (!run.isCancelled()) {
        LOG.warn("instance={} effect={} interrupted", run.id(), run.name());
      }
    } catch (RuntimeException | Error e) {
      LOG.error("instance={} effect={} unexpected exception", run.id(), run.name(), e);
    } finally {
      runs.computeIfPresent(run.id(), (_, last) -> last == run ? run.afterEnd() : last);
    }
  }

  private void perform(EffectRun run) throws InterruptedException {
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
        boolean removed = untilDone(run, () -> remove(run, remove), Optional.empty());
        var now = clock.instant();
        run.send(
            removed
                ? new InstanceCommand.Removed(remove.attempt(), remove.scope(), now)
                : new InstanceCommand.ClaimFound(remove.attempt(), now));
      }
    }
  }

  /** Removes what is in the database first, since the host of the sandbox may be away for long. */
  private boolean remove(EffectRun run, InstanceEffect.Remove remove) throws InterruptedException {
    if (remove.scope() == InstanceEffect.Scope.EVERYTHING) work.deleteSecrets(run.id());
    sandboxes.requireHere(run.id().value(), run.home());
    return work.remove(run.id(), remove);
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
    boolean admitted = isElsewhere(run) || work.admitStart(run.id(), wait.attempt());
    if (!admitted)
      LOG.info("instance={} event=start-waits: not enough memory on the host", run.id());
    while (!admitted) {
      Thread.sleep(restarts.memoryRetryInterval());
      admitted = work.admitStart(run.id(), wait.attempt());
    }
    run.send(new InstanceCommand.StartDue(wait.attempt(), clock.instant()));
  }

  /**
   * Checks that this node has the host of the sandbox. Otherwise the effect would use another
   * sandbox with the same id, such as an empty one. A removal checks it after its first part.
   */
  private void requireHere(EffectRun run) {
    if (run.effect() instanceof InstanceEffect.ReleaseSlot) return;
    if (run.effect() instanceof InstanceEffect.Remove) return;
    sandboxes.requireHere(run.id().value(), run.home());
  }

  /** Returns whether a start fails in any case, so that it needs no memory. */
  private boolean isElsewhere(EffectRun run) {
    try {
      requireHere(run);
      return false;
    } catch (SandboxException why) {
      return EffectFailures.isElsewhere(why);
    }
  }

  private void stop(EffectRun run, InstanceEffect.StopGateway stop) throws InterruptedException {
    var begun = clock.instant();
    SleepWork.StopResult stopped;
    try {
      stopped =
          untilDone(run, () -> sleep.stop(run.id(), stop), Optional.of(settings.stopTimeout()));
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
    var slept = untilDone(run, () -> sleep.deepen(run.id(), deepen), Optional.empty());
    run.send(
        new InstanceCommand.SleepReached(
            deepen.attempt(), slept.level(), slept.memory(), clock.instant()));
  }

  /**
   * Applies a changed configuration to the running gateway. A gateway that does not accept it in
   * time gets it at its next start. On another host the change stays pending, since a gateway that
   * this node did not ask may still run.
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
      if (EffectFailures.isElsewhere(late)) return;
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
      boolean last =
          limit.isPresent()
              && (spent.compareTo(limit.get()) > 0 || EffectFailures.isElsewhere(failed.why()));
      if (last) {
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
