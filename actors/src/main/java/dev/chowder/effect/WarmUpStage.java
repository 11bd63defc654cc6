package dev.chowder.effect;

import com.google.protobuf.ByteString;
import dev.chowder.gateway.GatewayTokens;
import dev.chowder.gateway.GatewayWork.Outcome;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.GatewayWarmUp;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sleep.GatewaySleep;
import java.util.List;

/** Prepares the gateways of pool members for their first message. */
record WarmUpStage(
    SandboxEngine engine,
    GatewaySleep sleep,
    GatewayTokens tokens,
    GatewayWarmUp warmUp,
    GatewayBoot boot) {
  /**
   * Makes the gateway run turns that call no provider. If this fails, the gateway stays without
   * requests, since a turn may still run. Its member is discarded.
   */
  Outcome run(InstanceId id, SandboxId sandbox, Fence fence) throws InterruptedException {
    var endpoint = engine.observe(sandbox).endpoint();
    if (endpoint.isEmpty() || !sleep.takesMessages(id, endpoint.get())) {
      throw notWarm(sandbox, "the gateway does not take messages");
    }
    var token = tokens.active(id);
    if (token.isEmpty()) {
      throw new WorkFailure("GATEWAY_NOT_READY", "the gateway has no token");
    }
    // The gateway of another image would call the provider.
    if (engine.homes().readFile(sandbox, OpenClawHome.CAN_WARM_UP, 1).isEmpty())
      return Outcome.skipped();
    engine.homes().writeFiles(sandbox, fence, List.of(warmsUp("yes")));
    String note;
    try {
      note = warmUp.warm(id.value(), endpoint.get(), token.get());
    } catch (UnansweredException why) {
      throw notWarm(
          sandbox, why.why() instanceof NoAnswer(var text) ? text : String.valueOf(why.why()));
    }
    engine.homes().writeFiles(sandbox, fence, List.of(warmsUp("")));
    return Outcome.executed().withNote(note);
  }

  /** Returns the failure of a warm-up. If the gateway has ended, that is the cause. */
  private WorkFailure notWarm(SandboxId sandbox, String text) throws InterruptedException {
    return engine.observe(sandbox).mainProcess() instanceof MainProcess.Ended ended
        ? boot.endedSoon(sandbox, ended)
        : new WorkFailure("GATEWAY_NOT_READY", text);
  }

  private static SandboxFile warmsUp(String content) {
    return new SandboxFile(OpenClawHome.WARMS_UP, ByteString.copyFromUtf8(content), 0600);
  }
}
