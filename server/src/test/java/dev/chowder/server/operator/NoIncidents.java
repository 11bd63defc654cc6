package dev.chowder.server.operator;

import dev.chowder.server.operator.OperatorCommands.OrganizationSummary;
import java.util.List;
import java.util.Optional;

/** An installation without organizations and instances. */
public class NoIncidents implements IncidentCommands {
  @Override
  public Optional<OrganizationSummary> suspend(String organizationId) {
    return Optional.empty();
  }

  @Override
  public Optional<OrganizationSummary> resume(String organizationId) {
    return Optional.empty();
  }

  @Override
  public Optional<OrganizationSummary> delete(String organizationId, String name) {
    return Optional.empty();
  }

  @Override
  public Optional<Integer> revokeKeys(String organizationId) {
    return Optional.empty();
  }

  @Override
  public Optional<String> stop(String instanceId) {
    return Optional.empty();
  }

  @Override
  public List<AuditEntry> audit(
      Optional<String> organizationId, int limit, Optional<String> before) {
    return List.of();
  }
}
