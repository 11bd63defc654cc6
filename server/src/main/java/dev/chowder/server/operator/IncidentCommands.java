package dev.chowder.server.operator;

import dev.chowder.server.operator.OperatorCommands.OrganizationSummary;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The measures of an operator after an abuse or a leak. May block; rejects with an {@code
 * ApiError}. A result is empty if there is no such organization or instance.
 */
public interface IncidentCommands {
  /** Rejects the organization's keys with {@code ORGANIZATION_SUSPENDED}, within a second. */
  Optional<OrganizationSummary> suspend(String organizationId);

  /** Ends a suspension. */
  Optional<OrganizationSummary> resume(String organizationId);

  /**
   * Deletes the organization permanently: its keys, instances, secrets and subscription. Parts that
   * cannot be removed at once are removed later.
   *
   * @param name the organization's name, as a confirmation
   */
  Optional<OrganizationSummary> delete(String organizationId, String name);

  /** Revokes all keys of the organization, scoped ones too, and returns how many. */
  Optional<Integer> revokeKeys(String organizationId);

  /** Stops a running instance, and returns its status afterwards. */
  Optional<String> stop(String instanceId);

  /**
   * Returns a page of the audit table, newest first.
   *
   * @param organizationId empty for all
   * @param before the last id of the previous page
   */
  List<AuditEntry> audit(Optional<String> organizationId, int limit, Optional<String> before);

  /**
   * An entry of the audit table; a text is empty if it is unknown or does not apply.
   *
   * @param times how many such actions it stands for
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
