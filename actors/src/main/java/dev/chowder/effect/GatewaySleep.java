package dev.chowder.effect;

import dev.chowder.effect.GatewayWork.Slept;
import dev.chowder.effect.GatewayWork.StageRun;
import dev.chowder.effect.GatewayWork.StopResult;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.SleepLevel;
import dev.chowder.instance.SleepMemory;
import dev.chowder.openclaw.GatewaySuspension;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxDriver.MemoryUse;
import dev.chowder.sandbox.SandboxDriver.ProcessSpec;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts gateways to sleep and wakes them. A gateway is frozen only after it has finished its work,
 * so that a sleeping one can be lost without losing data.
 */
public final class GatewaySleep {
  private static final Logger LOG = LoggerFactory.getLogger(GatewaySleep.class);

  private final SandboxDriver driver;
  private final GatewaySuspension suspension;
  private final EffectSettings settings;

  public GatewaySleep(SandboxDriver driver, GatewaySuspension suspension, EffectSettings settings) {
    this.driver = driver;
    this.suspension = suspension;
    this.settings = settings;
  }

  /** Freezes the gateway if this is permitted and possible, and ends it otherwise. */
  StopResult stop(InstanceId id, InstanceEffect.StopGateway stop) throws InterruptedException {
    var sandbox = SandboxId.ofInstance(id.value());
    if (settings.sleep().freeze() && stop.mayFreeze() && isSuspended(id, sandbox, stop.attempt())) {
      try {
        int boot = driver.freeze(sandbox, stop.attempt());
        return new StopResult(
            boot,
            new Slept(
                SleepLevel.FROZEN,
                driver.memory(sandbox).map(GatewaySleep::memory).orElse(SleepMemory.NONE)));
      } catch (SandboxException why) {
        requireNotFound(why);
      }
    }
    var _ = driver.stop(sandbox, stop.attempt(), settings.drain());
    return StopResult.OFF;
  }

  /** Returns whether the gateway can be frozen: it finished its work, or it is frozen already. */
  private boolean isSuspended(InstanceId id, SandboxId sandbox, int attempt)
      throws InterruptedException {
    return switch (driver.observe(sandbox).mainProcess()) {
      case MainProcess.Paused(var boot) -> boot <= attempt;
      case MainProcess.Up(var boot, var endpoint) ->
          boot <= attempt
              && suspension.prepare(id.value(), endpoint, settings.sleep().suspendLimit());
      case MainProcess.Ended _, MainProcess.Missing() -> false;
    };
  }

  /** Moves a sleeping gateway to a deeper level, and returns the level that it has then. */
  Slept deepen(InstanceId id, InstanceEffect.Deepen deepen) {
    var sandbox = SandboxId.ofInstance(id.value());
    if (deepen.level() == SleepLevel.PAGED_OUT) {
      try {
        var memory = driver.pageOut(sandbox, deepen.attempt());
        boolean pagedOut = memory.swappedBytes() > memory.residentBytes();
        return new Slept(pagedOut ? SleepLevel.PAGED_OUT : SleepLevel.FROZEN, memory(memory));
      } catch (SandboxException notFrozen) {
        requireNotFound(notFrozen);
        // A running process was continued by a start or by something other than Chowder. It is left
        // alone, because this call may be late; the comparison with the host ends it if it should
        // sleep.
        return driver.observe(sandbox).mainProcess() instanceof MainProcess.Up
            ? new Slept(SleepLevel.FROZEN, SleepMemory.NONE)
            : Slept.OFF;
      }
    }
    var _ = driver.stop(sandbox, deepen.attempt(), settings.drain());
    return Slept.OFF;
  }

  private static SleepMemory memory(MemoryUse memory) {
    return new SleepMemory(memory.residentBytes(), memory.swappedBytes());
  }

  /**
   * Continues the sleeping gateway until it takes messages; empty if that is impossible.
   *
   * @param process what a boot would start
   */
  Optional<SandboxEndpoint> wake(InstanceId id, StageRun stageRun, ProcessSpec process)
      throws InterruptedException {
    var sandbox = SandboxId.ofInstance(id.value());
    var endpoint = driver.thaw(sandbox, stageRun.fence(), stageRun.sleep().boot(), process);
    if (endpoint.isPresent()
        && !suspension.resume(id.value(), endpoint.get(), settings.sleep().wakeLimit())) {
      LOG.warn("instance={} event=not-woken: the gateway does not take messages", id);
      return Optional.empty();
    }
    return endpoint;
  }

  private static void requireNotFound(SandboxException why) {
    if (why.reason() != SandboxException.Reason.NOT_FOUND) throw why;
  }
}
