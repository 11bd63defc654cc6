package dev.chowder.server.operator;

import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Standing;
import dev.chowder.secret.SecretStore;
import dev.chowder.server.organization.OrganizationClient;
import dev.chowder.server.organization.RevocationRecorder;
import dev.chowder.server.subscription.SubscriptionCancellation;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes the parts of one deleted organization: keys, instances, subscription and secrets. Each
 * step is idempotent. Blocks.
 *
 * @param slotLimit how long {@link #finish} waits until an organization's instances have released
 *     their slots
 */
public record OrganizationDeletion(
    OrganizationClient organizations,
    InstanceDeletions instances,
    RevocationRecorder revocations,
    SecretStore secrets,
    SubscriptionCancellation subscriptions,
    Duration slotLimit,
    InstantSource clock) {
  private static final Logger LOG = LoggerFactory.getLogger(OrganizationDeletion.class);
  private static final Duration SLOT_PAUSE = Duration.ofMillis(10);

  /**
   * Runs all steps that can be completed now.
   *
   * @return the organization afterwards; its standing is {@code deleting} while parts are left
   */
  OrganizationView finish(String organizationId) {
    return finish(organizationId, slotLimit);
  }

  /**
   * Runs all steps that can be completed now.
   *
   * @param slotWait how long to wait until the instances have released their slots
   */
  OrganizationView finish(String organizationId, Duration slotWait) {
    var organization = organizations.send(organizationId, OrganizationCommand.Get::new);
    if (organization.standing() != Standing.DELETING) return organization;
    var _ = revocations.revokeAll(organizationId);
    secrets.deleteAll(organizationId);
    boolean deleted = instances.deleteAll(organizationId);
    boolean cancelled = subscriptions.cancel(organization);
    if (!deleted) return organization;
    if (!cancelled) {
      LOG.warn(
          "organization={} event=deletion_incomplete cause=\"cannot cancel the subscription: no"
              + " access to Stripe is configured\"",
          organizationId);
      return organization;
    }
    awaitSlots(organizationId, slotWait);
    return organizations.send(
        organizationId,
        replyTo ->
            new OrganizationCommand.FinishDeletion(
                organization.subscriptionId(), clock.instant(), replyTo));
  }

  /** Waits because instances release their slots only after they have accepted their deletion. */
  private void awaitSlots(String organizationId, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    while (System.nanoTime() - end < 0
        && organizations.send(organizationId, OrganizationCommand.Get::new).slots() > 0) {
      LockSupport.parkNanos(SLOT_PAUSE.toNanos());
    }
  }
}
