package dev.chowder.effect;

import com.google.protobuf.ByteString;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.KnownSecrets;
import dev.chowder.gateway.LogTail;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.OpenClawOnboarding;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.secret.Secret;
import java.util.Optional;

/** Reads the last output of gateways and tasks, without the secrets in it. */
record GatewayOutput(SandboxEngine engine, KnownSecrets known) {
  private static final int TAIL_CHARACTERS = 1500;

  /** Keys are far shorter; Chowder did not write a longer file. */
  private static final long MAX_KEY_BYTES = 16 * 1024;

  /** Returns the last lines of the gateway, masked. */
  String lastLines(InstanceId id, StageRun stageRun) throws InterruptedException {
    return tail(id, stageRun, LogTail.read(engine, SandboxId.ofInstance(id.value())));
  }

  /**
   * Returns the end of an output, masked. It is masked before it is cut, because a part of a secret
   * would not be recognized.
   */
  String tail(InstanceId id, StageRun stageRun, String output) {
    var config = stageRun.config();
    var text =
        known
            .of(
                id,
                stageRun.organizationId(),
                config.overrides().version(),
                config.channels(),
                keyInHome(SandboxId.ofInstance(id.value())))
            .mask(output.strip());
    return text.length() <= TAIL_CHARACTERS
        ? text
        : text.substring(text.length() - TAIL_CHARACTERS);
  }

  /**
   * Returns the provider key that the agent uses, which its organization may have replaced since;
   * empty if it has none or the file cannot be read.
   */
  private Optional<Secret> keyInHome(SandboxId sandbox) {
    try {
      return engine
          .homes()
          .readFile(sandbox, OpenClawHome.PROVIDER_KEY, MAX_KEY_BYTES)
          .map(ByteString::toStringUtf8)
          .map(String::strip)
          .filter(key -> !key.equals(OpenClawOnboarding.NO_KEY.reveal()))
          .map(Secret::of);
    } catch (SandboxException unreadable) {
      return Optional.empty();
    }
  }
}
