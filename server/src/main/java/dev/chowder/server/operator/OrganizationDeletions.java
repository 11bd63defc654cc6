package dev.chowder.server.operator;

import dev.chowder.base.RepeatingThread;
import dev.chowder.organization.Standing;
import dev.chowder.storage.OrganizationRow;
import dev.chowder.storage.OrganizationRows;
import dev.chowder.storage.Paging;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Completes the deletions of organizations. Every node retries at intervals until nothing is left,
 * even after a crash.
 */
public final class OrganizationDeletions implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OrganizationDeletions.class);
  private static final int PAGE = 100;

  private final OrganizationRows organizationRows;
  private final OrganizationDeletion deletion;
  private final RepeatingThread timer = new RepeatingThread("organization-deletions");

  /**
   * Starts the retries.
   *
   * @param every time between two passes over the organizations that are being deleted
   */
  public OrganizationDeletions(
      OrganizationRows organizationRows, OrganizationDeletion deletion, Duration every) {
    this.organizationRows = organizationRows;
    this.deletion = deletion;
    timer.every(every, this::retry);
  }

  private void retry() {
    try {
      Paging.rows(
              PAGE,
              after -> organizationRows.withStanding(Standing.DELETING.label(), PAGE, after),
              OrganizationRow::id)
          .forEach(row -> tryToFinish(row.id()));
    } catch (RuntimeException why) {
      LOG.warn(
          "deletions: cannot list organizations; the next attempt follows: {}", why.toString());
    }
  }

  /** A failing organization must not delay the others. */
  private void tryToFinish(String organizationId) {
    try {
      // The next pass ends the deletion if slots are still held, so that it does not delay others.
      var _ = deletion.finish(organizationId, Duration.ZERO);
    } catch (RuntimeException why) {
      LOG.warn(
          "organization={} event=deletion_incomplete cause={}", organizationId, why.toString());
    }
  }

  @Override
  public void close() {
    timer.close();
  }
}
