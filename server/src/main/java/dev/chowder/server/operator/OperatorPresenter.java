package dev.chowder.server.operator;

import dev.chowder.actor.ProtoTime;
import dev.chowder.api.operator.v1.ListAuditEntriesResponse;
import dev.chowder.api.operator.v1.ListHostPortsResponse;
import dev.chowder.api.operator.v1.ListHostsResponse;
import dev.chowder.api.operator.v1.ListInstancesResponse;
import dev.chowder.api.operator.v1.ListPendingEffectsResponse;
import dev.chowder.api.operator.v1.Organization;
import dev.chowder.api.operator.v1.Reconciler;
import dev.chowder.api.operator.v1.RecoverInstancesResponse;
import dev.chowder.hostport.HostPortAccess.HostPort;
import dev.chowder.organization.OrganizationView;
import dev.chowder.rebinding.SandboxHosts;
import dev.chowder.reconcile.Reconciler.Halt;
import dev.chowder.reconcile.Reconciler.UnknownSandbox;
import dev.chowder.storage.AuditRow;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/** Converts results of operators' commands to messages. */
final class OperatorPresenter {
  /** Maximum length of a list, which is for operators to read, not for programs to page through. */
  static final int MAX_LISTED = 1000;

  private OperatorPresenter() {}

  static Organization organization(OrganizationView of) {
    var shown =
        Organization.newBuilder()
            .setId(of.id())
            .setName(of.name())
            .setSubscriptionTier(of.tier().label())
            .setInstanceCount(of.slots())
            .setStanding(of.standing().label());
    of.tier().limit().ifPresent(shown::setInstanceLimit);
    return shown.build();
  }

  static RecoverInstancesResponse recovery(BulkRecovery.Recovery of) {
    var shown =
        RecoverInstancesResponse.newBuilder()
            .setRecovered(of.recovered())
            .setLeft(of.left())
            .setRefusedCount(of.refused().size());
    of.refused().stream()
        .limit(MAX_LISTED)
        .forEach(
            one ->
                shown
                    .addRefusalsBuilder()
                    .setInstanceId(one.instanceId())
                    .setReason(one.reason())
                    .setMessage(one.message()));
    return shown.build();
  }

  static ListPendingEffectsResponse pendingEffects(List<HostOperatorCommands.PendingWork> all) {
    var shown = ListPendingEffectsResponse.newBuilder();
    for (var one : all) {
      shown
          .addPendingEffectsBuilder()
          .setInstanceId(one.instanceId())
          .setOrganizationId(one.organizationId())
          .setStatus(one.status())
          .setEffect(one.what())
          .setSince(ProtoTime.stamp(one.since()));
    }
    return shown.build();
  }

  /**
   * Returns a page.
   *
   * @param found the instances of the page, and one more if another page follows
   */
  static ListInstancesResponse instances(
      List<HostOperatorCommands.ListedInstance> found, int size) {
    var shown = ListInstancesResponse.newBuilder();
    var page = found.subList(0, Math.min(size, found.size()));
    for (var one : page) {
      var instance =
          shown
              .addInstancesBuilder()
              .setId(one.id())
              .setOrganizationId(one.organizationId())
              .setName(one.name())
              .setStatus(one.status())
              .setUpdatedAt(ProtoTime.stamp(one.updatedAt()));
      one.errorReason().ifPresent(instance::setErrorReason);
      one.errorMessage().ifPresent(instance::setErrorMessage);
    }
    if (found.size() > size) shown.setNextPageToken(page.getLast().id());
    return shown.build();
  }

  static Reconciler reconciler(Optional<Halt> halt, List<UnknownSandbox> quarantined) {
    var shown =
        Reconciler.newBuilder().setHalted(halt.isPresent()).setQuarantinedCount(quarantined.size());
    halt.ifPresent(
        why ->
            shown
                .getHaltBuilder()
                .setSince(ProtoTime.stamp(why.since()))
                .setLimit(why.limit())
                .setCount(why.sandboxes().size())
                .addAllSandboxes(why.sandboxes().stream().limit(MAX_LISTED).toList()));
    quarantined.stream()
        .limit(MAX_LISTED)
        .forEach(
            one -> {
              var sandbox =
                  shown
                      .addQuarantineBuilder()
                      .setSandboxId(one.id().value())
                      .setWhy(one.why())
                      .setSince(ProtoTime.stamp(one.since()))
                      .setRuns(one.runs());
              one.generation().ifPresent(sandbox::setHomeGeneration);
            });
    return shown.build();
  }

  static ListHostPortsResponse hostPorts(List<HostPort> all) {
    var shown = ListHostPortsResponse.newBuilder();
    for (var one : all) {
      shown
          .addHostPortsBuilder()
          .setPort(one.port())
          .setState(one.state().name().toLowerCase(Locale.ROOT))
          .setOpen(one.open())
          .setOrganizationCount(one.organizations().size())
          .addAllOrganizations(one.organizations().stream().limit(MAX_LISTED).toList());
    }
    return shown.build();
  }

  static ListHostsResponse hosts(List<SandboxHosts.Host> all) {
    var shown = ListHostsResponse.newBuilder();
    for (var one : all) {
      var host =
          shown
              .addHostsBuilder()
              .setEngine(one.engine())
              .setHost(one.host())
              .setOwn(one.own())
              .setInstanceCount(one.instances());
      one.rebinding()
          .ifPresent(
              to -> host.setReboundTo(to.reboundTo()).setReboundAt(ProtoTime.stamp(to.at())));
    }
    return shown.build();
  }

  /**
   * Returns a page.
   *
   * @param found the entries of the page, and one more if another page follows
   */
  static ListAuditEntriesResponse auditEntries(List<AuditRow> found, int size) {
    var shown = ListAuditEntriesResponse.newBuilder();
    var page = found.subList(0, Math.min(size, found.size()));
    for (var one : page) {
      var entry =
          shown
              .addEntriesBuilder()
              .setId(one.id())
              .setAt(ProtoTime.stamp(one.at()))
              .setAction(one.action())
              .setTimes(one.times());
      ifKnown(one.organizationId(), entry::setOrganizationId);
      ifKnown(one.keyId(), entry::setKeyId);
      ifKnown(one.instanceId(), entry::setInstanceId);
      ifKnown(one.address(), entry::setAddress);
    }
    if (found.size() > size) shown.setNextPageToken(page.getLast().id());
    return shown.build();
  }

  private static void ifKnown(String value, Consumer<String> set) {
    if (!value.isEmpty()) set.accept(value);
  }
}
