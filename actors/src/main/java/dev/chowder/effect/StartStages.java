package dev.chowder.effect;

import dev.chowder.gateway.GatewayTokens;
import dev.chowder.gateway.GatewayWork.Outcome;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.HostMemory;
import dev.chowder.instance.InstanceId;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sleep.GatewaySleep;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the stages of a start: admission, configuration, boot or wake of the gateway, its address,
 * and the warm-up of a pool member.
 */
record StartStages(
    GatewaySleep sleep,
    ProviderStage provider,
    ConfigurationStage configuration,
    GatewayTokens tokens,
    GatewayBoot boot,
    WarmUpStage warmUp,
    HostMemory hostMemory) {
  private static final Logger LOG = LoggerFactory.getLogger(StartStages.class);

  /** Applies the pending configuration before the start. */
  Outcome configure(InstanceId id, SandboxId sandbox, StageRun stageRun) {
    // A sleeping gateway would overwrite the file. It applies its configuration when it wakes.
    if (stageRun.sleep().holdsProcesses()) return Outcome.skipped();
    if (stageRun.attempt() > 1) sleep.endLost(sandbox, stageRun.attempt());
    return applyAll(id, sandbox, stageRun);
  }

  /** Applies what the organization and the instance have now. */
  private Outcome applyAll(InstanceId id, SandboxId sandbox, StageRun stageRun) {
    // Onboarding has just written the provider of the first attempt.
    var note = stageRun.attempt() > 1 ? provider.apply(sandbox, stageRun) : "";
    var applied = configuration.apply(id, sandbox, stageRun);
    return applied.withNote(
        Stream.of(note, applied.note())
            .filter(text -> !text.isEmpty())
            .collect(Collectors.joining("; ")));
  }

  /** Boots the gateway; ends a sleeping one first and applies the configuration that it lacks. */
  Outcome boot(InstanceId id, SandboxId sandbox, StageRun stageRun) throws InterruptedException {
    var configured = Outcome.executed();
    if (stageRun.sleep().holdsProcesses()) {
      sleep.endForBoot(sandbox, stageRun.attempt());
      configured = applyAll(id, sandbox, stageRun);
    }
    // Before the first gateway of an instance, there is no rotation.
    if (stageRun.attempt() > 1) tokens.finishRotation(id, sandbox, stageRun.fence());
    boot.boot(id, sandbox, stageRun);
    return Outcome.configured(configured.note(), configured.config());
  }

  /** Continues the sleeping gateway; empty if that is impossible. */
  Optional<Outcome> wake(InstanceId id, StageRun stageRun) throws InterruptedException {
    var endpoint = sleep.wake(id, stageRun, boot.process(stageRun));
    if (endpoint.isEmpty()) return Optional.empty();
    hostMemory.ready(id);
    var applied = configuration.applyAtWake(id, stageRun.config(), endpoint.get());
    return Optional.of(Outcome.thawed(applied.note(), applied.config()));
  }

  Outcome publish(SandboxId sandbox) throws InterruptedException {
    return boot.publish(sandbox);
  }

  Outcome warmUp(InstanceId id, SandboxId sandbox, StageRun stageRun) throws InterruptedException {
    return warmUp.run(id, sandbox, stageRun.fence());
  }

  /** Returns whether the host has memory for the start. Ends the lost gateway if it has none. */
  boolean admitStart(InstanceId id, int lost) {
    if (hostMemory.admits(id)) return true;
    try {
      // A frozen gateway holds the memory that its restart waits for, and the restart replaces it.
      if (sleep.end(SandboxId.ofInstance(id.value()), lost)) {
        LOG.info("instance={} event=lost-gateway-stopped: its restart needs its memory", id);
      }
    } catch (SandboxException why) {
      // Probably the engine does not respond. The caller tries again.
      LOG.debug("instance={} event=lost-gateway-not-stopped why={}", id, why.getMessage());
      return false;
    }
    return hostMemory.admitsByEviction(id);
  }
}
