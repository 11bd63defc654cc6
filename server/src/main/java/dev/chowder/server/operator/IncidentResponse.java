package dev.chowder.server.operator;

import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Sleep;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationReply;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.ActorReplies;
import dev.chowder.server.instance.InstanceClient;
import dev.chowder.server.operator.OperatorCommands.OrganizationSummary;
import dev.chowder.server.organization.OrganizationClient;
import dev.chowder.server.organization.RevocationRecorder;
import dev.chowder.storage.AuditRow;
import dev.chowder.storage.AuditRows;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/** Performs {@link IncidentCommands}. */
public final class IncidentResponse implements IncidentCommands {
  /** Maximum time that a call waits for a stop, which then continues. */
  static final Duration STOP_TIMEOUT = Duration.ofSeconds(20);

  private final OrganizationClient organizations;
  private final OrganizationDeletion deletion;
  private final RevocationRecorder revocations;
  private final InstanceClient instances;
  private final AuditRows audit;
  private final InstantSource clock;

  public IncidentResponse(
      OrganizationClient organizations,
      OrganizationDeletion deletion,
      RevocationRecorder revocations,
      InstanceClient instances,
      AuditRows audit,
      InstantSource clock) {
    this.organizations = organizations;
    this.deletion = deletion;
    this.revocations = revocations;
    this.instances = instances;
    this.audit = audit;
    this.clock = clock;
  }

  @Override
  public Optional<OrganizationSummary> suspend(String organizationId) {
    return send(organizationId, to -> new OrganizationCommand.Suspend(clock.instant(), to));
  }

  @Override
  public Optional<OrganizationSummary> resume(String organizationId) {
    return send(organizationId, to -> new OrganizationCommand.Resume(clock.instant(), to));
  }

  @Override
  public Optional<OrganizationSummary> delete(String organizationId, String name) {
    return OrganizationOperatorCommands.ifFound(
        () -> {
          var _ =
              organizations.send(
                  organizationId, to -> new OrganizationCommand.Delete(name, clock.instant(), to));
          return OrganizationOperatorCommands.summary(deletion.finish(organizationId));
        });
  }

  @Override
  public Optional<Integer> revokeKeys(String organizationId) {
    return OrganizationOperatorCommands.ifFound(
        () -> {
          var _ = organizations.send(organizationId, OrganizationCommand.Get::new);
          return revocations.revokeAll(organizationId);
        });
  }

  @Override
  public Optional<String> stop(String instanceId) {
    var id = new InstanceId(instanceId);
    var found =
        ActorReplies.await(instances.instances().ask(id, InstanceCommand.Get::new), "the instance");
    if (!(found instanceof InstanceReply.Accepted(var view)) || !view.isListed()) {
      return Optional.empty();
    }
    var stopping =
        instances.send(
            new Caller(view.profile().organizationId(), ""),
            id,
            to -> new InstanceCommand.Stop("", true, clock.instant(), to));
    var stopped = instances.await(stopping, IncidentResponse::isOff, STOP_TIMEOUT);
    return Optional.of(isOff(stopped) ? stopped.status().now().label() : Name.RUNNING.label());
  }

  /** Returns whether no process is left, not even a frozen one. */
  private static boolean isOff(InstanceView view) {
    return view.status().isSteady() && view.sleep().filter(Sleep::holdsProcesses).isEmpty();
  }

  @Override
  public List<AuditEntry> audit(
      Optional<String> organizationId, int limit, Optional<String> before) {
    return audit.list(organizationId, limit, before).stream().map(IncidentResponse::entry).toList();
  }

  private static AuditEntry entry(AuditRow row) {
    return new AuditEntry(
        row.id(),
        row.at(),
        row.action(),
        row.organizationId(),
        row.keyId(),
        row.instanceId(),
        row.address(),
        row.times());
  }

  private Optional<OrganizationSummary> send(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    return OrganizationOperatorCommands.ifFound(
        () -> OrganizationOperatorCommands.summary(organizations.send(organizationId, command)));
  }
}
