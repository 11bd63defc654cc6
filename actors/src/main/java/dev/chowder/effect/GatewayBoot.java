package dev.chowder.effect;

import dev.chowder.gateway.CrashCause;
import dev.chowder.gateway.GatewayWork.Outcome;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.gateway.HostMemory;
import dev.chowder.gateway.LogTail;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.StageRecord;
import dev.chowder.openclaw.GatewayReadiness;
import dev.chowder.openclaw.GatewayReadiness.Booting;
import dev.chowder.sandbox.Ending;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.util.Optional;

/**
 * Starts the process of a gateway and waits until it is ready.
 *
 * @param limits time in which a gateway must become ready
 */
record GatewayBoot(
    SandboxEngine engine,
    SandboxImage image,
    GatewayReadiness readiness,
    HostMemory hostMemory,
    GatewayOutput output,
    GatewayReadiness.Limits limits) {
  /** Returns what a boot starts. */
  ProcessSpec process(StageRun stageRun) {
    return image.gateway(stageRun);
  }

  /** Boots the gateway. */
  void boot(InstanceId id, SandboxId sandbox, StageRun stageRun) throws InterruptedException {
    var endpoint = startProcess(id, sandbox, stageRun);
    switch (readiness.awaitReady(endpoint, limits, Booting.of(engine, sandbox))) {
      case READY -> hostMemory.ready(id);
      case DIED -> throw diedEarly(id, sandbox, stageRun);
      case NOT_IN_TIME ->
          throw notReady(
              id, stageRun, "did not become ready within " + limits.ready().toSeconds() + " s");
      case IDLE ->
          throw notReady(
              id,
              stageRun,
              "is not ready and used no processor for " + limits.idle().toSeconds() + " s");
    }
  }

  private WorkFailure notReady(InstanceId id, StageRun stageRun, String what)
      throws InterruptedException {
    return new WorkFailure(
        "GATEWAY_NOT_READY",
        "the gateway " + what + "; its last lines: " + output.lastLines(id, stageRun));
  }

  private SandboxEndpoint startProcess(InstanceId id, SandboxId sandbox, StageRun stageRun)
      throws InterruptedException {
    try {
      return engine.start(sandbox, stageRun.fence(), image.gateway(stageRun));
    } catch (SandboxException why) {
      // The start fails without an address if the engine ends right after it started the process.
      boolean ended =
          why.reason() == SandboxException.Reason.REFUSED
              && engine.observe(sandbox).mainProcess() instanceof MainProcess.Ended one
              && one.attempt() == stageRun.attempt();
      if (ended && engine.howEnded(sandbox) != Ending.BY_ITSELF)
        throw diedEarly(id, sandbox, stageRun);
      throw why;
    }
  }

  private WorkFailure diedEarly(InstanceId id, SandboxId sandbox, StageRun stageRun)
      throws InterruptedException {
    var lines = output.lastLines(id, stageRun);
    return switch (engine.observe(sandbox).mainProcess()) {
      case MainProcess.Ended ended -> {
        var cause = CrashCause.of(ended, lines, engine.howEnded(sandbox));
        yield new WorkFailure(
            cause.reason(),
            "the gateway ended before it was ready: "
                + cause.text()
                + "; its last lines: "
                + lines);
      }
      case MainProcess.Missing() ->
          new WorkFailure(
              "CONTAINER_REMOVED",
              "the gateway's container was removed before the gateway was ready");
      case MainProcess.Paused _ ->
          new WorkFailure("GATEWAY_FROZEN", "the gateway was frozen before it was ready");
      case MainProcess.Up _ ->
          new WorkFailure(
              "GATEWAY_CRASHED", "the gateway ended before it was ready; its last lines: " + lines);
    };
  }

  /** Returns the address of the gateway that has just booted or woken. */
  Outcome publish(SandboxId sandbox) throws InterruptedException {
    var seen = engine.observe(sandbox);
    if (seen.mainProcess() instanceof MainProcess.Ended ended) throw endedSoon(sandbox, ended);
    var endpoint =
        seen.endpoint()
            .orElseThrow(
                () ->
                    new WorkFailure(
                        "GATEWAY_CRASHED", "the gateway ended just after it was ready"));
    return new Outcome(StageRecord.Outcome.EXECUTED, "", Optional.of(endpoint.toString()));
  }

  /** Returns why the gateway ended after it was ready. */
  WorkFailure endedSoon(SandboxId sandbox, MainProcess.Ended ended) throws InterruptedException {
    var cause = CrashCause.of(ended, LogTail.read(engine, sandbox), engine.howEnded(sandbox));
    return new WorkFailure(
        cause.reason(), "the gateway ended just after it was ready: " + cause.text());
  }
}
