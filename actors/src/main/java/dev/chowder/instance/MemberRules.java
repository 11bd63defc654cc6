package dev.chowder.instance;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.instance.Decision.accept;
import static dev.chowder.instance.Decision.reject;

import dev.chowder.instance.InstanceState.Discarded;
import dev.chowder.instance.InstanceState.Pooled;
import dev.chowder.instance.InstanceState.Progress;
import dev.chowder.instance.InstanceState.Provisioning;
import dev.chowder.instance.InstanceState.Running;
import dev.chowder.instance.InstanceState.Warming;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Decides how a pool member reacts, and what becomes of a claimed one. Pure; a part of the rules of
 * {@link InstanceLifecycle}.
 */
final class MemberRules {
  private MemberRules() {}

  /** Accepts the first claim that fits; a resent one changes nothing. */
  static Decision claim(InstanceState state, InstanceCommand.Claim c) {
    return switch (state) {
      case Pooled p when fits(p, c) ->
          accept(new InstanceEvent.Claimed(c.keyId(), c.profile(), c.now()));
      case InstanceState other when InstanceLifecycle.isCreatedBy(other, c.profile()) -> accept();
      case InstanceState _ -> reject(new InstanceRejection.AlreadyExists());
    };
  }

  private static boolean fits(Pooled member, InstanceCommand.Claim c) {
    return member.setup().equals(c.setup())
        && member.profile().organizationId().equals(c.profile().organizationId());
  }

  /**
   * Discards a member that was not claimed.
   *
   * @param slotHeld whether the organization may hold a slot for it
   * @param reason why it failed; empty if it did not
   */
  static Decision discard(InstanceState state, boolean slotHeld, String reason, Instant now) {
    return switch (state) {
      case Warming _, Pooled _ -> accept(new InstanceEvent.Discarded(slotHeld, reason, now));
      case Discarded d when slotHeld && !d.slotHeld() ->
          accept(new InstanceEvent.Discarded(true, d.reason(), now));
      case InstanceState _ -> accept();
    };
  }

  /**
   * Keeps the home volume of a discarded member that was claimed after all. The journal lost the
   * claim, because the database was restored.
   */
  static Decision claimFound(InstanceState state, InstanceCommand.ClaimFound found) {
    return state instanceof Discarded d && d.cleanupPending() && d.attempt() == found.attempt()
        ? accept(
            new InstanceEvent.Failed(
                d.attempt(),
                Optional.empty(),
                found.now(),
                "CLAIM_LOST",
                cannot(
                    "find the create of this instance",
                    "the database is older than the instance",
                    "recover the instance to use its home volume, or delete it"),
                found.now()))
        : accept();
  }

  /** Returns the instance that a claim makes of a member. */
  static InstanceState claimed(Pooled member, InstanceEvent.Claimed event) {
    var profile = event.profile().withSandboxOf(member.profile());
    var prepared =
        member.stages().stream()
            .filter(one -> Stage.OF_PROVISIONING.contains(one.stage()))
            .map(
                one ->
                    new StageRecord(
                        one.stage(), StageRecord.Outcome.PREPARED, event.at(), 0, one.note()))
            .toList();
    if (!profile.configPending()) {
      return new Running(
          profile, member.attempt(), member.endpoint(), prepared, ServedBy.POOL, Restarts.NONE);
    }
    // Another attempt, so that a gateway that does not take the configuration can be booted.
    int done = Stage.OF_PROVISIONING.indexOf(Stage.OPENCLAW_CONFIG);
    return new Provisioning(
        profile,
        member.attempt() + 1,
        new Progress(Stage.OF_PROVISIONING, List.copyOf(prepared.subList(0, done)), event.at()),
        true);
  }
}
