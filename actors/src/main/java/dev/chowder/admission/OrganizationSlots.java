package dev.chowder.admission;

import dev.chowder.actor.Replies;
import dev.chowder.effect.GatewayStages.SlotReleases;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Instances;
import dev.chowder.organization.ModelProvider;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationReply;
import dev.chowder.organization.OrganizationView;
import dev.chowder.reconcile.EachAlone;
import dev.chowder.reconcile.Reconciler.UnusedSlots;
import dev.chowder.storage.OrganizationRow;
import dev.chowder.storage.OrganizationRows;
import dev.chowder.storage.Paging;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Reserves and releases slots of organizations. A slot is reserved before its instance is created.
 * It is released when the instance is deleted, has failed or was never created.
 *
 * @param instances used only to release unused slots
 * @param atOnce number of organizations, and of instances of each, that are asked at once
 */
public record OrganizationSlots(
    OrganizationCalls organizations,
    OrganizationRows rows,
    Instances instances,
    int atOnce,
    InstantSource clock)
    implements SlotReleases, UnusedSlots {
  private static final int PAGE = 200;

  /**
   * Reserves a slot and returns the organization after that.
   *
   * @throws RejectedException if the organization rejects the reservation
   */
  OrganizationView reserve(Requester requester, InstanceId id, ModelProvider provider) {
    return organizations.send(
        requester.organizationId(),
        replyTo ->
            new OrganizationCommand.ReserveSlot(
                requester.keyId(), id.value(), provider, clock.instant(), replyTo));
  }

  /** Releases the slot of an instance that can never be created. No effect if it has none. */
  void release(String organizationId, InstanceId id) {
    var _ = organizations.send(organizationId, releaseCommand(id));
  }

  @Override
  public void releaseForEffect(String organizationId, InstanceId id) {
    var _ = organizations.sendForEffect(organizationId, releaseCommand(id));
  }

  private Function<ActorRef<OrganizationReply>, OrganizationCommand> releaseCommand(InstanceId id) {
    return replyTo -> new OrganizationCommand.ReleaseSlot(id.value(), clock.instant(), replyTo);
  }

  @Override
  public void releaseUnused(Instant olderThan) {
    Paging.pages(PAGE, after -> rows.withSlotMismatch(PAGE, after), OrganizationRow::id)
        .map(page -> page.stream().map(OrganizationRow::id).toList())
        .forEach(
            ids -> {
              var _ =
                  EachAlone.run("organization", ids, atOnce, id -> releaseUnused(id, olderThan));
            });
  }

  private void releaseUnused(String organizationId, Instant olderThan) {
    if (!(organizations.reply(organizationId, OrganizationCommand.GetSlots::new)
        instanceof OrganizationReply.Slots(var byInstance))) {
      return;
    }
    var due =
        byInstance.entrySet().stream()
            .filter(slot -> slot.getValue().isBefore(olderThan))
            .map(slot -> new InstanceId(slot.getKey()))
            .toList();
    var _ = EachAlone.run("instance", due, atOnce, id -> releaseUnused(organizationId, id));
  }

  /**
   * Releases the slot unless the instance uses it. The instance decides, and writes its row again.
   * It does not use the slot if it failed or was never created.
   */
  void releaseUnused(String organizationId, InstanceId id) {
    var _ =
        Replies.await(
            instances.ask(
                id,
                replyTo ->
                    new InstanceCommand.ReleaseUnusedSlot(
                        organizationId, clock.instant(), replyTo)),
            "the instance");
  }
}
