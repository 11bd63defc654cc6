package dev.chowder.server.organization;

import dev.chowder.api.v1.Reason;
import dev.chowder.base.RepeatingThread;
import dev.chowder.key.ApiKeys;
import dev.chowder.key.ApiKeys.Revocation;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.server.error.ApiError;
import dev.chowder.storage.Paging;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Revokes keys, and writes revocations of keys into the journals of their organizations. A key is
 * revoked in its table first, so that it ends even if the journal does not respond. Its row records
 * that the event is missing. Every node retries at intervals, also after a crash. An event may be
 * written twice.
 */
public final class RevocationRecorder implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RevocationRecorder.class);
  private static final int PAGE = 100;

  private final ApiKeys keys;
  private final OrganizationClient organizations;
  private final Duration every;
  private final InstantSource clock;
  private final RepeatingThread timer = new RepeatingThread("revocation-recorder");

  /**
   * Starts the retries.
   *
   * @param every time between two passes; a pass skips younger revocations, which their call
   *     records
   */
  public RevocationRecorder(
      ApiKeys keys, OrganizationClient organizations, Duration every, InstantSource clock) {
    this.keys = keys;
    this.organizations = organizations;
    this.every = every;
    this.clock = clock;
    timer.every(every, this::retry);
  }

  /** Revokes all keys of an organization and returns their number. */
  public int revokeAll(String organizationId) {
    var revoked = keys.revokeAll(organizationId);
    record(revoked);
    return revoked.size();
  }

  /** Records the revocations of these keys now, or later if a journal does not respond. */
  public void record(Collection<String> keyIds) {
    keys.unrecorded(keyIds).forEach(this::tryToRecord);
  }

  private void retry() {
    try {
      Paging.rows(
              PAGE,
              after -> keys.unrecorded(clock.instant().minus(every), PAGE, after),
              Revocation::keyId)
          .forEach(this::tryToRecord);
    } catch (RuntimeException why) {
      LOG.warn("revocations: cannot list them; the next attempt follows: {}", why.toString());
    }
  }

  private void tryToRecord(Revocation revocation) {
    try {
      var _ =
          organizations.send(
              revocation.organizationId(),
              replyTo ->
                  new OrganizationCommand.RecordKeyRevoked(
                      revocation.by(), revocation.keyId(), revocation.at(), replyTo));
    } catch (RuntimeException why) {
      // A sign-up that did not finish leaves a key without an organization, so without a journal.
      if (!(why instanceof ApiError error && error.reason() == Reason.ORGANIZATION_NOT_FOUND)) {
        LOG.warn(
            "organization={} key={} event=revocation_unrecorded cause={}",
            revocation.organizationId(),
            revocation.keyId(),
            why.toString());
        return;
      }
    }
    keys.recorded(revocation.keyId());
  }

  @Override
  public void close() {
    timer.close();
  }
}
