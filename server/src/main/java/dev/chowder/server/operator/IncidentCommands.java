package dev.chowder.server.operator;

import dev.chowder.server.operator.OperatorCommands.OrganizationSummary;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Operators' responses to abuse or a leak. May block; rejects with an {@code ApiError}. A result is
 * empty if the organization or instance does not exist.
 */
public interface IncidentCommands {
  /** Rejects the organization's keys with {@code ORGANIZATION_SUSPENDED}, within a second. */
  Optional<OrganizationSummary> suspend(String organizationId);

  /** Ends a suspension. */
  Optional<OrganizationSummary> resume(String organizationId);

  /**
   * Deletes the organization permanently: its keys, instances, secrets and subscription. Retries
   * later for parts that cannot be removed at once.
   *
   * @param name name of the organization, as a confirmation
   */
  Optional<OrganizationSummary> delete(String organizationId, String name);

  /** Revokes all keys of the organization, including scoped keys, and returns their number. */
  Optional<Integer> revokeKeys(String organizationId);

  /** Stops a running instance, and returns its status afterwards. */
  Optional<String> stop(String instanceId);

  /**
   * Returns a page of the audit table, newest first.
   *
   * @param organizationId empty for all
   * @param before last id of the previous page; empty for the first page
   */
  List<AuditEntry> audit(Optional<String> organizationId, int limit, Optional<String> before);

  /**
   * An entry of the audit table. Strings are empty if they are unknown or do not apply.
   *
   * @param times number of equal actions that the entry represents
   */
  record AuditEntry(
      String id,
      Instant at,
      String action,
      String organizationId,
      String keyId,
      String instanceId,
      String address,
      int times) {}
}
