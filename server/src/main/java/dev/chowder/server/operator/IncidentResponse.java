package dev.chowder.server.operator;

import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Sleep;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationView;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.ActorReplies;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.instance.InstanceClient;
import dev.chowder.server.organization.OrganizationClient;
import dev.chowder.server.organization.RevocationRecorder;
import dev.chowder.storage.AuditRow;
import dev.chowder.storage.AuditRows;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * Performs operators' responses to abuse or a leak. May block; rejects with an {@code ApiError}.
 */
public class IncidentResponse {
  /** Maximum time that a call waits for a stop, which then continues. */
  static final Duration STOP_TIMEOUT = Duration.ofSeconds(20);

  private final OrganizationClient organizations;
  private final OrganizationDeletion deletion;
  private final RevocationRecorder revocations;
  private final InstanceClient instances;
  private final OpenConnections connections;
  private final AuditRows audit;
  private final InstantSource clock;

  public IncidentResponse(
      OrganizationClient organizations,
      OrganizationDeletion deletion,
      RevocationRecorder revocations,
      InstanceClient instances,
      OpenConnections connections,
      AuditRows audit,
      InstantSource clock) {
    this.organizations = organizations;
    this.deletion = deletion;
    this.revocations = revocations;
    this.instances = instances;
    this.connections = connections;
    this.audit = audit;
    this.clock = clock;
  }

  /**
   * Rejects the organization's keys with {@code ORGANIZATION_SUSPENDED}, within a second, and ends
   * the open connections to its gateways. May be repeated.
   */
  public OrganizationView suspend(String organizationId) {
    var suspended =
        organizations.send(
            organizationId, to -> new OrganizationCommand.Suspend(clock.instant(), to));
    connections.end(organizationId);
    return suspended;
  }

  /** Ends a suspension. */
  public OrganizationView resume(String organizationId) {
    return organizations.send(
        organizationId, to -> new OrganizationCommand.Resume(clock.instant(), to));
  }

  /**
   * Deletes the organization permanently: its keys, instances, secrets and subscription. Retries
   * later for parts that cannot be removed at once.
   *
   * @param name name of the organization, as a confirmation
   */
  public OrganizationView delete(String organizationId, String name) {
    var _ =
        organizations.send(
            organizationId, to -> new OrganizationCommand.Delete(name, clock.instant(), to));
    return deletion.finish(organizationId);
  }

  /** Revokes all keys of the organization, including scoped keys, and returns their number. */
  public int revokeKeys(String organizationId) {
    var _ = organizations.send(organizationId, OrganizationCommand.Get::new);
    return revocations.revokeAll(organizationId);
  }

  /** Stops a running instance, and returns its status afterwards. */
  public String stop(String instanceId) {
    var id = new InstanceId(instanceId);
    var found =
        ActorReplies.await(instances.instances().ask(id, InstanceCommand.Get::new), "the instance");
    if (!(found instanceof InstanceReply.Accepted(var view)) || !view.isListed()) {
      throw ApiError.instanceNotFound();
    }
    var stopping =
        instances.send(
            new Caller(view.profile().organizationId(), ""),
            id,
            to -> new InstanceCommand.Stop("", true, clock.instant(), to));
    var stopped = instances.await(stopping, IncidentResponse::isOff, STOP_TIMEOUT);
    return isOff(stopped) ? stopped.status().now().label() : Name.RUNNING.label();
  }

  /** Returns whether no process is left, not even a frozen one. */
  private static boolean isOff(InstanceView view) {
    return view.status().isSteady() && view.sleep().filter(Sleep::holdsProcesses).isEmpty();
  }

  /**
   * Returns a page of the audit table, newest first.
   *
   * @param organizationId empty for all
   * @param before last id of the previous page; empty for the first page
   */
  public List<AuditRow> audit(Optional<String> organizationId, int limit, Optional<String> before) {
    return audit.list(organizationId, limit, before);
  }
}
