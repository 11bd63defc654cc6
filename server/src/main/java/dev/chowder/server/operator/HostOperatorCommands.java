package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.cluster.SingletonDuty;
import dev.chowder.hostport.HostPortAccess;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.rebinding.SandboxHosts;
import dev.chowder.reconcile.Reconciler;
import dev.chowder.reconcile.UnreferencedValues;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.server.error.ApiError;
import dev.chowder.storage.HostRebindingRows.Rebinding;
import dev.chowder.storage.InstanceRow;
import dev.chowder.storage.InstanceRows;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Performs the operators' commands on the sandbox host. */
public final class HostOperatorCommands implements HostCommands {
  private static final int RETRY_AFTER_SECONDS = 30;

  private final InstanceRows rows;
  private final SingletonDuty<Reconciler> reconciler;
  private final SingletonDuty<UnreferencedValues> values;
  private final BulkRecovery recovery;
  private final HostPortAccess hostPorts;
  private final SandboxHosts hosts;
  private final InstantSource clock;

  public HostOperatorCommands(
      InstanceRows rows,
      SingletonDuty<Reconciler> reconciler,
      SingletonDuty<UnreferencedValues> values,
      BulkRecovery recovery,
      HostPortAccess hostPorts,
      SandboxHosts hosts,
      InstantSource clock) {
    this.rows = rows;
    this.reconciler = reconciler;
    this.values = values;
    this.recovery = recovery;
    this.hostPorts = hostPorts;
    this.hosts = hosts;
    this.clock = clock;
  }

  @Override
  public Recovery recover(Optional<String> errorReason, Optional<String> organizationId) {
    return recovery.recover(errorReason, organizationId);
  }

  @Override
  public List<PendingWork> pending(int limit) {
    return rows.pendingBefore(clock.instant(), limit).stream()
        .map(HostOperatorCommands::pending)
        .toList();
  }

  @Override
  public List<Unknown> unknown() {
    return reconciler().unknown().stream()
        .map(
            one ->
                new Unknown(one.id().value(), one.why(), one.generation(), one.since(), one.runs()))
        .toList();
  }

  @Override
  public Optional<Halt> halt() {
    return reconciler()
        .halt()
        .or(() -> values.here().flatMap(UnreferencedValues::halt))
        .map(h -> new Halt(h.since(), h.limit(), h.sandboxes()));
  }

  @Override
  public boolean release() {
    return reconciler().release() || values.here().map(UnreferencedValues::release).orElse(false);
  }

  @Override
  public void remove(String sandboxId) {
    try {
      if (reconciler().remove(new SandboxId(sandboxId))) return;
    } catch (SandboxException why) {
      throw ApiError.noCapacity(
          cannot("remove the sandbox", "the engine does not respond", "retry later"),
          RETRY_AFTER_SECONDS);
    }
    throw ApiError.wrongState(
        cannot(
            "remove the sandbox",
            "it belongs to an instance and is not in quarantine",
            "delete the instance"),
        Map.of());
  }

  @Override
  public List<HostPort> hostPorts() {
    return hostPorts.list().stream()
        .map(
            one ->
                new HostPort(
                    one.port(),
                    one.state().name().toLowerCase(Locale.ROOT),
                    one.open(),
                    one.organizations()))
        .toList();
  }

  @Override
  public void decideHostPort(int port, boolean listed) {
    if (!hostPorts.decide(port, listed)) {
      throw ApiError.must(
          "port", "be a port on which neither Chowder, SSH nor the database listens", port);
    }
  }

  @Override
  public List<SandboxHost> hosts() {
    return ifEngineResponds("list the hosts", hosts::list).stream()
        .map(
            one ->
                new SandboxHost(
                    one.engine(),
                    one.host(),
                    one.own(),
                    one.instances(),
                    one.rebinding().map(Rebinding::reboundTo),
                    one.rebinding().map(Rebinding::at)))
        .toList();
  }

  @Override
  public void rebindHost(String host) {
    var verb = "rebind host " + host;
    check(verb, host, ifEngineResponds(verb, () -> hosts.rebind(host)));
  }

  @Override
  public void unbindHost(String host) {
    var verb = "unbind host " + host;
    check(verb, host, ifEngineResponds(verb, () -> hosts.unbind(host)));
  }

  private static void check(String verb, String host, SandboxHosts.Decided decided) {
    switch (decided) {
      case DONE -> {}
      case UNKNOWN_HOST -> throw ApiError.must("host", "be one that ListHosts returns", host);
      case OWN_HOST ->
          throw ApiError.wrongState(cannot(verb, "it is the host of this node"), Map.of());
      case OTHER_ENGINE ->
          throw ApiError.wrongState(
              cannot(verb, "it is a host of another engine than that of this node"), Map.of());
    }
  }

  private static <T> T ifEngineResponds(String verb, Supplier<T> action) {
    try {
      return action.get();
    } catch (SandboxException why) {
      throw ApiError.noCapacity(
          cannot(verb, "the engine does not respond", "retry later"), RETRY_AFTER_SECONDS);
    }
  }

  /** Returns the reconciler, which one node has; on other nodes, the error names that node. */
  private Reconciler reconciler() {
    return reconciler.here().orElseThrow(this::reconcilesElsewhere);
  }

  private ApiError reconcilesElsewhere() {
    var node = reconciler.where();
    if (node.isEmpty() || reconciler.isOurs()) {
      return ApiError.unavailable(
          cannot("call the reconciler", "no node runs it yet", "retry later"), RETRY_AFTER_SECONDS);
    }
    return ApiError.otherNode(
        cannot("call the reconciler", "it runs on " + node, "use the operator port of that node"),
        node);
  }

  private static PendingWork pending(InstanceRow row) {
    var view = InstanceReadRows.view(row);
    return new PendingWork(
        row.id(),
        row.organizationId(),
        row.status(),
        view.slotHeld() && view.stage().isEmpty() ? "release_slot" : view.stage().orElse(""),
        row.owesSince().orElse(row.updatedAt()));
  }
}
