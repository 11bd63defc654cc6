package dev.chowder.server.incident;

import dev.chowder.api.v1.Reason;
import dev.chowder.base.Ids;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.key.ApiKeys;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Standing;
import dev.chowder.pool.PoolMembers;
import dev.chowder.secret.SecretStore;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.instance.InstanceClient;
import dev.chowder.server.organization.OrganizationClient;
import dev.chowder.server.organization.RevocationRecorder;
import dev.chowder.server.subscription.SubscriptionCancellation;
import dev.chowder.storage.InstanceFilter;
import dev.chowder.storage.InstanceRows;
import dev.chowder.storage.OrganizationRow;
import dev.chowder.storage.OrganizationRows;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes the parts of deleted organizations: keys, instances, subscription and secrets. Each step
 * is idempotent, so every node retries at intervals until nothing is left, even after a crash.
 */
public final class OrganizationDeletions implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OrganizationDeletions.class);
  private static final int PAGE = 100;
  private static final Duration SLOT_PAUSE = Duration.ofMillis(10);

  /** Key id of the system. */
  private static final String NO_KEY = "";

  private final OrganizationClient organizations;
  private final OrganizationRows organizationRows;
  private final InstanceClient instances;
  private final InstanceRows instanceRows;
  private final PoolMembers pool;
  private final ApiKeys keys;
  private final RevocationRecorder revocations;
  private final SecretStore secrets;
  private final SubscriptionCancellation subscriptions;
  private final Duration slotLimit;
  private final InstantSource clock;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("organization-deletions").factory());

  /**
   * Starts the retries.
   *
   * @param every time between two passes over the organizations that are being deleted
   * @param slotLimit how long {@link #finish} waits until an organization's instances have released
   *     their slots
   */
  public OrganizationDeletions(
      OrganizationClient organizations,
      OrganizationRows organizationRows,
      InstanceClient instances,
      InstanceRows instanceRows,
      PoolMembers pool,
      ApiKeys keys,
      RevocationRecorder revocations,
      SecretStore secrets,
      SubscriptionCancellation subscriptions,
      Duration every,
      Duration slotLimit,
      InstantSource clock) {
    this.organizations = organizations;
    this.organizationRows = organizationRows;
    this.instances = instances;
    this.instanceRows = instanceRows;
    this.pool = pool;
    this.keys = keys;
    this.revocations = revocations;
    this.secrets = secrets;
    this.subscriptions = subscriptions;
    this.slotLimit = slotLimit;
    this.clock = clock;
    var _ =
        timer.scheduleWithFixedDelay(
            this::retry, every.toMillis(), every.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void retry() {
    var after = Optional.<String>empty();
    try {
      while (true) {
        var page = organizationRows.withStanding(Standing.DELETING.label(), PAGE, after);
        page.stream().map(OrganizationRow::id).forEach(this::tryToFinish);
        if (page.size() < PAGE) return;
        after = Optional.of(page.getLast().id());
      }
    } catch (RuntimeException why) {
      LOG.warn(
          "deletions: cannot list organizations; the next attempt follows: {}", why.toString());
    }
  }

  /** A failing organization must not delay the others. */
  private void tryToFinish(String organizationId) {
    try {
      // The next pass ends the deletion if slots are still held, so that it does not delay others.
      var _ = finish(organizationId, Duration.ZERO);
    } catch (RuntimeException why) {
      LOG.warn(
          "organization={} event=deletion_incomplete cause={}", organizationId, why.toString());
    }
  }

  /**
   * Runs all steps that can be completed now.
   *
   * @return the organization afterwards; its standing is {@code deleting} while parts are left
   */
  OrganizationView finish(String organizationId) {
    return finish(organizationId, slotLimit);
  }

  private OrganizationView finish(String organizationId, Duration slotWait) {
    var organization = organizations.send(organizationId, OrganizationCommand.Get::new);
    if (organization.standing() != Standing.DELETING) return organization;
    revokeKeys(organizationId);
    secrets.deleteAll(organizationId);
    boolean deleted = deleteInstances(organizationId);
    boolean discarded = pool.discardAll(organizationId);
    boolean cancelled = subscriptions.cancel(organization);
    if (!deleted || !discarded) return organization;
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

  /** Revokes all keys and returns their number. */
  int revokeKeys(String organizationId) {
    var revoked = keys.revokeAll(organizationId);
    revocations.record(revoked);
    return revoked.size();
  }

  /** Deletes the instances; returns whether all accepted. */
  private boolean deleteInstances(String organizationId) {
    boolean all = true;
    var after = Optional.<String>empty();
    while (true) {
      var page = instanceRows.list(organizationId, InstanceFilter.ALL, PAGE, after);
      for (var row : page) all &= tryToDelete(organizationId, row.id());
      if (page.size() < PAGE) return all;
      after = Optional.of(page.getLast().position());
    }
  }

  /** A failing instance must not delay the others or the subscription. */
  private boolean tryToDelete(String organizationId, String instanceId) {
    try {
      delete(organizationId, instanceId);
      return true;
    } catch (RuntimeException why) {
      LOG.warn(
          "organization={} instance={} event=deletion_incomplete cause={}",
          organizationId,
          instanceId,
          why.toString());
      return false;
    }
  }

  private void delete(String organizationId, String instanceId) {
    var requestId = Ids.next();
    var now = clock.instant();
    try {
      var _ =
          instances.send(
              new Caller(organizationId, NO_KEY),
              new InstanceId(instanceId),
              replyTo -> new InstanceCommand.Delete(NO_KEY, requestId, now, replyTo));
    } catch (ApiError gone) {
      if (gone.reason() != Reason.INSTANCE_NOT_FOUND) throw gone;
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
