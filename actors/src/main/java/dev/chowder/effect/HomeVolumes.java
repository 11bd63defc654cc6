package dev.chowder.effect;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxRef;
import dev.chowder.secret.SecretStore;

/**
 * Creates and removes the sandboxes of instances. Keeps each home volume in which an agent ran,
 * unless its instance is removed.
 *
 * @param secrets secrets of instances, which are removed with their sandboxes
 */
record HomeVolumes(SandboxEngine engine, SecretStore secrets, SandboxImage image) {
  private static final long MAX_MARK_BYTES = 1024;

  /** No home volume has this generation. */
  private static final int NO_GENERATION = -1;

  /** Creates the sandbox that a stage uses, and returns its reference. */
  SandboxRef create(SandboxId sandbox, StageRun stageRun) {
    // Removes what an earlier attempt left, since its own removal may still be running.
    removeUnused(sandbox, stageRun.attempt(), stageRun.homes(), stageRun.homes().generation());
    engine.create(image.sandbox(sandbox, stageRun));
    return engine.ref(sandbox);
  }

  /** Returns whether the sandbox has a home volume. */
  boolean exists(SandboxId sandbox) {
    return engine.observe(sandbox).homeExists();
  }

  /**
   * After a restore, the database may not know that an agent ran. A later process on the host, even
   * one that ended, is the only trace of it: if a stage replaced that process, the home volume
   * would count as unused.
   */
  void requireNoLaterAttempt(SandboxId sandbox, StageRun stageRun) {
    if (stageRun.homes().agentRan()) return;
    int ran = engine.observe(sandbox).attempt();
    if (ran <= stageRun.attempt()) return;
    throw new WorkFailure(
        "REFUSED",
        cannot(
            "provision the instance",
            "attempt %d was started in its home, which is later than attempt %d"
                .formatted(ran, stageRun.attempt()),
            "recover the instance to start with this home"));
  }

  /**
   * Removes what the effect's scope names. Returns false, without a change, if a pool member was
   * claimed after all.
   */
  boolean remove(InstanceId id, InstanceEffect.Remove what) {
    var sandbox = SandboxId.ofInstance(id.value());
    switch (what.scope()) {
      case PROCESSES -> engine.removeProcesses(sandbox, what.attempt());
      case SANDBOX -> {
        engine.removeProcesses(sandbox, what.attempt());
        removeUnused(sandbox, what.attempt(), what.homes(), NO_GENERATION);
      }
      case EVERYTHING -> removeEverything(id, sandbox);
      case MEMBER -> {
        if (isClaimed(sandbox, what)) return false;
        // Within the fence, because the member may turn out to be claimed after this check.
        var _ = engine.remove(sandbox, new Fence(what.attempt(), what.homes().generation()));
        if (isClaimed(sandbox, what)) return false;
        deleteSecrets(id);
      }
    }
    return true;
  }

  /** Needs no fence: a deleted id is never used again, and no attempt of it may stay. */
  private void removeEverything(InstanceId id, SandboxId sandbox) {
    var _ = engine.remove(sandbox, Fence.NONE);
    deleteSecrets(id);
  }

  /** Deletes all secrets of an instance. */
  void deleteSecrets(InstanceId id) {
    secrets.deleteAll(id.value());
  }

  /**
   * Returns whether a pool member was claimed by a create that the database does not know: it is
   * marked, or it was booted again, which a member never is.
   */
  private boolean isClaimed(SandboxId sandbox, InstanceEffect.Remove what) {
    var seen = engine.observe(sandbox);
    boolean wasUsed =
        seen.attempt() > what.attempt()
            || seen.home().filter(home -> home != what.homes().generation()).isPresent();
    if (wasUsed) return true;
    try {
      return engine.homes().readFile(sandbox, OpenClawHome.CLAIMED, MAX_MARK_BYTES).isPresent();
    } catch (SandboxException why) {
      return switch (why.reason()) {
        case NOT_FOUND -> false;
        // An agent changed the mark. A member without an agent has none.
        case FILE_REFUSED -> true;
        default -> throw why;
      };
    }
  }

  /**
   * Removes the existing home volume if no agent ever ran in it. A volume in which an agent ran, or
   * that the journal does not know, stays.
   *
   * @param kept generation of a volume that stays in any case
   */
  private void removeUnused(SandboxId sandbox, int attempt, Homes homes, int kept) {
    engine
        .observe(sandbox)
        .home()
        .filter(home -> home != kept && homes.isUnused(home, attempt))
        .ifPresent(
            home -> {
              var _ = engine.remove(sandbox, new Fence(attempt, home));
            });
  }
}
