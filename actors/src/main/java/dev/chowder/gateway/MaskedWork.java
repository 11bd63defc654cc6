package dev.chowder.gateway;

import dev.chowder.gateway.KnownSecrets.Masking;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Stage;
import dev.chowder.instance.WantedConfig;
import dev.chowder.sandbox.SandboxException;
import java.util.Optional;

/**
 * Masks an agent's secrets in all text that its work returns. Failures and notes quote logs,
 * OpenClaw and the engine; they are stored permanently and shown to callers.
 */
public record MaskedWork(GatewayWork work, KnownSecrets secrets) implements GatewayWork {
  @Override
  public Outcome run(InstanceId id, StageRun stageRun) throws InterruptedException {
    var outcome =
        masking(id, stageRun.organizationId(), stageRun.config(), () -> work.run(id, stageRun));
    if (outcome.note().isEmpty()) return outcome;
    var note = known(id, stageRun.organizationId(), stageRun.config()).mask(outcome.note());
    return outcome.withNote(note);
  }

  @Override
  public Optional<Outcome> wake(InstanceId id, StageRun stageRun) throws InterruptedException {
    var woken =
        masking(id, stageRun.organizationId(), stageRun.config(), () -> work.wake(id, stageRun));
    if (woken.isEmpty() || woken.get().note().isEmpty()) return woken;
    var masking = known(id, stageRun.organizationId(), stageRun.config());
    return woken.map(outcome -> outcome.withNote(masking.mask(outcome.note())));
  }

  @Override
  public boolean startsOpenClaw(Stage stage) {
    return work.startsOpenClaw(stage);
  }

  @Override
  public boolean admitStart(InstanceId id, int lost) {
    return work.admitStart(id, lost);
  }

  @Override
  public void checkEngine(InstanceId id) {
    work.checkEngine(id);
  }

  @Override
  public Applied applyConfig(InstanceId id, InstanceEffect.ApplyConfig apply)
      throws InterruptedException {
    var applied =
        masking(id, apply.organizationId(), apply.config(), () -> work.applyConfig(id, apply));
    if (applied.note().isEmpty()) return applied;
    var note = known(id, apply.organizationId(), apply.config()).mask(applied.note());
    return new Applied(applied.overrides(), note);
  }

  @Override
  public void rotateToken(InstanceId id, InstanceEffect.RotateToken rotate)
      throws InterruptedException {
    var _ =
        masking(
            id,
            rotate.organizationId(),
            WantedConfig.NONE,
            () -> {
              work.rotateToken(id, rotate);
              return "";
            });
  }

  @Override
  public boolean remove(InstanceId id, InstanceEffect.Remove scope) throws InterruptedException {
    return work.remove(id, scope);
  }

  @Override
  public void deleteSecrets(InstanceId id) {
    work.deleteSecrets(id);
  }

  @Override
  public void releaseSlot(InstanceId id, String organizationId) throws InterruptedException {
    work.releaseSlot(id, organizationId);
  }

  private interface Part<T> {
    T once() throws InterruptedException;
  }

  private <T> T masking(InstanceId id, String organizationId, WantedConfig config, Part<T> part)
      throws InterruptedException {
    try {
      return part.once();
    } catch (WorkFailure why) {
      var text = known(id, organizationId, config).mask(why.text());
      throw text.equals(why.text()) ? why : new WorkFailure(why.reason(), text);
    } catch (SandboxException why) {
      var text = String.valueOf(why.getMessage());
      var masked = known(id, organizationId, config).mask(text);
      // The cause is left out, since its message has the unmasked text.
      throw masked.equals(text) ? why : new SandboxException(why.reason(), masked);
    }
  }

  private Masking known(InstanceId id, String organizationId, WantedConfig config) {
    return secrets.of(id, organizationId, config.overrides().version(), config.channels());
  }
}
