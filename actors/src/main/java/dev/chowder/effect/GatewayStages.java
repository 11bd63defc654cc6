package dev.chowder.effect;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.gateway.GatewayTokens;
import dev.chowder.gateway.GatewayWork;
import dev.chowder.gateway.GatewayWork.Applied;
import dev.chowder.gateway.GatewayWork.Outcome;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Stage;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.Sandboxes;
import java.util.Optional;

/**
 * Performs the work of effects in the sandbox of an instance, above all the stages on the way to a
 * running gateway. Every stage can be run again after a crash: it reaches its result from whatever
 * state it finds.
 */
public record GatewayStages(
    HomeVolumes homes,
    OnboardingStages onboarding,
    ConfigurationStage configuration,
    StartStages starts,
    GatewayTokens tokens,
    Sandboxes sandboxes,
    SlotReleases slots)
    implements GatewayWork {
  @Override
  public Outcome run(InstanceId id, StageRun stageRun) throws InterruptedException {
    var sandbox = SandboxId.ofInstance(id.value());
    try {
      return run(id, sandbox, stageRun);
    } catch (SandboxException why) {
      boolean lost = why.reason() == SandboxException.Reason.NOT_FOUND && !homes.exists(sandbox);
      if (!lost) throw why;
      // An observation of the sandbox has the same reason, and may find the loss first.
      throw new WorkFailure(
          "SANDBOX_LOST",
          cannot(
              "use the home volume",
              "it does not exist",
              "if its disk is missing, attach the disk before you recover the instance, because a"
                  + " recover without it creates an empty home"));
    }
  }

  private Outcome run(InstanceId id, SandboxId sandbox, StageRun stageRun)
      throws InterruptedException {
    homes.requireNoLaterAttempt(sandbox, stageRun);
    return switch (stageRun.stage()) {
      case CREATE_SANDBOX -> Outcome.created(homes.create(sandbox, stageRun));
      case ONBOARD -> onboarding.onboard(id, sandbox, stageRun);
      case GATEWAY_TOKEN -> onboarding.requireToken(id, sandbox, stageRun);
      case RESPONSES_ENDPOINT -> onboarding.openEndpoints(id, sandbox, stageRun);
      case OPENCLAW_CONFIG -> starts.configure(id, sandbox, stageRun);
      case START_GATEWAY -> starts.boot(id, sandbox, stageRun);
      case PUBLISH -> starts.publish(sandbox);
      case WARM_UP -> starts.warmUp(id, sandbox, stageRun);
    };
  }

  @Override
  public Optional<Outcome> wake(InstanceId id, StageRun stageRun) throws InterruptedException {
    return starts.wake(id, stageRun);
  }

  @Override
  public boolean startsOpenClaw(Stage stage) {
    return stage == Stage.START_GATEWAY || (stage == Stage.ONBOARD && onboarding.startsOpenClaw());
  }

  @Override
  public boolean admitStart(InstanceId id, int lost) {
    return starts.admitStart(id, lost);
  }

  @Override
  public void checkEngine(InstanceId id) {
    var _ = homes.exists(SandboxId.ofInstance(id.value()));
  }

  @Override
  public Applied applyConfig(InstanceId id, InstanceEffect.ApplyConfig apply)
      throws InterruptedException {
    requireCurrent(id, apply.endpoint());
    return configuration.applyNow(id, apply.config(), SandboxEndpoint.parse(apply.endpoint()));
  }

  @Override
  public void rotateToken(InstanceId id, InstanceEffect.RotateToken rotate)
      throws InterruptedException {
    if (!rotate.endpoint().isEmpty()) requireCurrent(id, rotate.endpoint());
    tokens.rotate(id, rotate);
  }

  /** Another process may have the address since the engine restarted, and must get no token. */
  private void requireCurrent(InstanceId id, String address) {
    var endpoint = SandboxEndpoint.parse(address);
    if (!sandboxes.isCurrent(id.value(), Optional.empty(), endpoint)) {
      throw WorkFailure.busy("address of the gateway", "the engine no longer reports it");
    }
  }

  @Override
  public boolean remove(InstanceId id, InstanceEffect.Remove what) {
    return homes.remove(id, what);
  }

  @Override
  public void deleteSecrets(InstanceId id) {
    homes.deleteSecrets(id);
  }

  @Override
  public void releaseSlot(InstanceId id, String organizationId) throws InterruptedException {
    slots.releaseForEffect(organizationId, id);
  }

  /** Releases slots of organizations. */
  @FunctionalInterface
  public interface SlotReleases {
    /**
     * Releases the slot of an instance.
     *
     * @throws WorkFailure if the organization does not reply in time
     */
    void releaseForEffect(String organizationId, InstanceId id) throws InterruptedException;
  }
}
