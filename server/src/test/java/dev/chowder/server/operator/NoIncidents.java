package dev.chowder.server.operator;

import dev.chowder.organization.OrganizationRejection;
import dev.chowder.organization.OrganizationView;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.RejectionErrors;
import dev.chowder.storage.AuditRow;
import java.util.List;
import java.util.Optional;

/** An installation without organizations and instances. */
public class NoIncidents extends IncidentResponse {
  /** Creates responses without parts, which no method here uses. */
  @SuppressWarnings("NullAway")
  public NoIncidents() {
    super(null, null, null, null, null, null, null);
  }

  @Override
  public OrganizationView suspend(String organizationId) {
    throw RejectionErrors.of(new OrganizationRejection.NotFound());
  }

  @Override
  public OrganizationView resume(String organizationId) {
    throw RejectionErrors.of(new OrganizationRejection.NotFound());
  }

  @Override
  public OrganizationView delete(String organizationId, String name) {
    throw RejectionErrors.of(new OrganizationRejection.NotFound());
  }

  @Override
  public int revokeKeys(String organizationId) {
    throw RejectionErrors.of(new OrganizationRejection.NotFound());
  }

  @Override
  public String stop(String instanceId) {
    throw ApiError.instanceNotFound();
  }

  @Override
  public List<AuditRow> audit(Optional<String> organizationId, int limit, Optional<String> before) {
    return List.of();
  }
}
