package dev.chowder.sleep;

import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.HostMemory;
import dev.chowder.gateway.SleepWork;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Sleep;
import dev.chowder.instance.SleepLevel;
import dev.chowder.instance.SleepMemory;
import dev.chowder.openclaw.GatewaySuspension;
import dev.chowder.sandbox.MemoryUse;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sleep.SleepFailures.Failure;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts gateways to sleep and wakes them. A gateway is frozen only after it has finished its work,
 * so that a sleeping one can be lost without losing data.
 */
public final class GatewaySleep implements SleepWork {
  private static final Logger LOG = LoggerFactory.getLogger(GatewaySleep.class);

  private final SandboxEngine engine;
  private final GatewaySuspension suspension;
  private final SleepSettings settings;
  private final Duration drain;
  private final InstantSource clock;
  private final HostMemory hostMemory;
  private final ChecksAfterStart checks;
  private final SleepFailures failures;

  /**
   * Creates the sleep of the gateways of one engine.
   *
   * @param drain time in which a gateway that is ended may finish its work before it is killed
   */
  public GatewaySleep(
      SandboxEngine engine,
      GatewaySuspension suspension,
      SleepSettings settings,
      Duration drain,
      InstantSource clock,
      HostMemory hostMemory,
      SleepFailures failures) {
    this.engine = engine;
    this.suspension = suspension;
    this.settings = settings;
    this.drain = drain;
    this.clock = clock;
    this.hostMemory = hostMemory;
    this.failures = failures;
    this.checks = new ChecksAfterStart(engine, suspension, settings, drain, failures);
  }

  @Override
  public StopResult stop(InstanceId id, InstanceEffect.StopGateway stop)
      throws InterruptedException {
    var sandbox = SandboxId.ofInstance(id.value());
    hostMemory.stops(id);
    if (settings.freeze() && stop.mayFreeze() && isSuspended(id, sandbox, stop.attempt())) {
      try {
        int boot = engine.freeze(sandbox, stop.attempt());
        return new StopResult(boot, new Slept(SleepLevel.FROZEN, memoryOf(id, sandbox)));
      } catch (SandboxException why) {
        // The host may be unable to freeze it however often this is repeated.
        if (why.reason() == SandboxException.Reason.REFUSED) {
          LOG.warn("instance={} event=not-frozen why={}", id, why.getMessage());
          failures.count(Failure.FREEZE_REFUSED);
        } else {
          requireNotFound(why);
        }
      }
    }
    var _ = engine.stop(sandbox, stop.attempt(), drain);
    return StopResult.OFF;
  }

  /** Measures a frozen gateway; {@code NONE} if the engine cannot, because it sleeps anyway. */
  private SleepMemory memoryOf(InstanceId id, SandboxId sandbox) {
    try {
      return engine.memory(sandbox).map(GatewaySleep::memory).orElse(SleepMemory.NONE);
    } catch (SandboxException why) {
      if (why.reason() == SandboxException.Reason.ENGINE_UNREACHABLE) throw why;
      LOG.warn("instance={} event=memory-not-measured why={}", id, why.getMessage());
      return SleepMemory.NONE;
    }
  }

  /** Returns whether the gateway can be frozen: it finished its work, or it is frozen already. */
  private boolean isSuspended(InstanceId id, SandboxId sandbox, int attempt)
      throws InterruptedException {
    return switch (engine.observe(sandbox).mainProcess()) {
      case MainProcess.Paused(var boot) -> boot <= attempt;
      case MainProcess.Up(var boot, var endpoint) -> {
        if (boot > attempt) yield false;
        if (suspension.prepare(id.value(), endpoint, settings.suspendTimeout())) yield true;
        LOG.warn("instance={} event=not-frozen: the gateway did not finish its work in time", id);
        failures.count(Failure.FREEZE_BUSY);
        yield false;
      }
      case MainProcess.Ended _, MainProcess.Missing() -> false;
    };
  }

  @Override
  public Slept deepen(InstanceId id, InstanceEffect.Deepen deepen) {
    var sandbox = SandboxId.ofInstance(id.value());
    if (deepen.level() == SleepLevel.PAGED_OUT) {
      try {
        var memory = engine.pageOut(sandbox, deepen.attempt());
        boolean pagedOut = memory.swappedBytes() > memory.residentBytes();
        if (!pagedOut) failures.count(Failure.PAGE_OUT_RESIDENT);
        return new Slept(pagedOut ? SleepLevel.PAGED_OUT : SleepLevel.FROZEN, memory(memory));
      } catch (SandboxException notFrozen) {
        requireNotFound(notFrozen);
        return switch (engine.observe(sandbox).mainProcess()) {
          // The engine could not measure it. It sleeps as before.
          case MainProcess.Paused _ -> new Slept(SleepLevel.FROZEN, SleepMemory.NONE);
          // A running process was continued by a start or by something other than Chowder. It is
          // left alone, because this call may be late; the comparison with the host ends it if it
          // should sleep.
          case MainProcess.Up _ -> {
            failures.count(Failure.PAGE_OUT_RUNNING);
            yield new Slept(SleepLevel.FROZEN, SleepMemory.NONE);
          }
          case MainProcess.Ended _, MainProcess.Missing() -> {
            failures.count(Failure.PAGE_OUT_GONE);
            yield Slept.OFF;
          }
        };
      }
    }
    var _ = end(sandbox, deepen.attempt());
    return Slept.OFF;
  }

  /**
   * Ends a gateway, also a frozen one, and returns whether it ran. If the host has no memory to
   * read back what a frozen gateway has in swap, the gateway is killed. That loses nothing if
   * Chowder froze it, because it had finished its work. A gateway that something else paused during
   * its work loses that work.
   */
  public boolean end(SandboxId sandbox, int attempt) {
    // Something other than Chowder may have continued it, so that it has work again.
    boolean frozen = engine.observe(sandbox).mainProcess() instanceof MainProcess.Paused;
    long swapped = frozen ? engine.memory(sandbox).map(MemoryUse::swappedBytes).orElse(0L) : 0;
    if (swapped == 0) return engine.stop(sandbox, attempt, drain).wasRunning();
    var reserved = hostMemory.reserve(swapped);
    if (reserved.isEmpty()) return engine.stop(sandbox, attempt, Duration.ZERO).wasRunning();
    try (var _ = reserved.get()) {
      return engine.stop(sandbox, attempt, drain).wasRunning();
    }
  }

  /** Ends the sleeping gateway before this attempt boots one. */
  public void endForBoot(SandboxId sandbox, int attempt) {
    // A repetition of the boot keeps the process that this attempt booted.
    if (engine.observe(sandbox).attempt() >= attempt) return;
    var _ = engine.stop(sandbox, attempt, drain);
  }

  /**
   * Ends a frozen process that no sleep records: a failed wake left it, or something else paused
   * it. It would overwrite files if it continued later. One that something else paused may have
   * work to finish.
   */
  public void endLost(SandboxId sandbox, int attempt) {
    if (engine.observe(sandbox).mainProcess() instanceof MainProcess.Paused) {
      var _ = end(sandbox, attempt);
    }
  }

  private static SleepMemory memory(MemoryUse memory) {
    return new SleepMemory(memory.residentBytes(), memory.swappedBytes());
  }

  /**
   * Continues the sleeping gateway until it takes messages; empty if that is impossible.
   *
   * @param process what a boot would start
   */
  public Optional<SandboxEndpoint> wake(InstanceId id, StageRun stageRun, ProcessSpec process)
      throws InterruptedException {
    var sandbox = SandboxId.ofInstance(id.value());
    var endpoint = engine.thaw(sandbox, stageRun.fence(), stageRun.sleep().boot(), process);
    if (endpoint.isEmpty()) {
      LOG.warn("instance={} event=not-woken: no process is left that this start can continue", id);
      failures.count(Failure.WAKE_NOT_THAWED);
      return endpoint;
    }
    boolean checksFirst = checksFirst(stageRun.sleep());
    long deadline = wakeDeadline();
    boolean awake =
        suspension.admit(id.value(), endpoint.get(), deadline)
            && (!checksFirst || suspension.canTakeTurns(id.value(), endpoint.get(), deadline));
    if (!awake) {
      LOG.warn("instance={} event=not-woken: the gateway does not take messages", id);
      failures.count(Failure.WAKE_NO_RESPONSE);
      return Optional.empty();
    }
    if (!checksFirst) checks.begin(id, stageRun.sleep().boot(), stageRun.attempt());
    return endpoint;
  }

  private boolean checksFirst(Sleep sleep) {
    var slept = Duration.between(sleep.since(), clock.instant());
    // A sleep that began in the future began before the clock was set back, at an unknown time.
    return slept.isNegative() || slept.compareTo(settings.checkFirstAge()) > 0;
  }

  /** Returns whether a gateway that runs takes messages. Opens its databases. */
  public boolean takesMessages(InstanceId id, SandboxEndpoint gateway) throws InterruptedException {
    long deadline = wakeDeadline();
    return suspension.admit(id.value(), gateway, deadline)
        && suspension.canTakeTurns(id.value(), gateway, deadline);
  }

  private long wakeDeadline() {
    return System.nanoTime() + settings.wakeTimeout().toNanos();
  }

  private static void requireNotFound(SandboxException why) {
    if (why.reason() != SandboxException.Reason.NOT_FOUND) throw why;
  }
}
