package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.cluster.SingletonDuty;
import dev.chowder.hostport.HostPortAccess;
import dev.chowder.hostport.HostPortAccess.HostPort;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.rebinding.SandboxHosts;
import dev.chowder.reconcile.Reconciler;
import dev.chowder.reconcile.UnreferencedValues;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.server.error.ApiError;
import dev.chowder.storage.InstanceRow;
import dev.chowder.storage.InstanceRows;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Performs operators' queries and commands about the sandbox host. May block; rejects with an
 * {@code ApiError}.
 */
public class HostOperatorCommands {
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

  /**
   * Recovers instances in {@code error} one after another. Stops if the host has no memory for the
   * next one, or if the engine does not answer.
   *
   * @param errorReason recovers only instances that failed for this reason; empty for all
   * @param organizationId recovers only this organization's instances; empty for all
   */
  public BulkRecovery.Recovery recover(
      Optional<String> errorReason, Optional<String> organizationId) {
    return recovery.recover(errorReason, organizationId);
  }

  /**
   * A pending effect of an instance.
   *
   * @param what name of the effect, such as {@code remove_sandbox}
   * @param since when the instance requested it
   */
  public record PendingWork(
      String instanceId, String organizationId, String status, String what, Instant since) {}

  /** Returns up to {@code limit} pending effects, oldest first. */
  public List<PendingWork> pending(int limit) {
    return rows.pendingBefore(clock.instant(), limit).stream()
        .map(HostOperatorCommands::pending)
        .toList();
  }

  /**
   * An instance.
   *
   * @param updatedAt time of its last change
   * @param errorReason empty unless it is in {@code error}
   * @param errorMessage empty unless it is in {@code error}
   */
  public record ListedInstance(
      String id,
      String organizationId,
      String name,
      String status,
      Instant updatedAt,
      Optional<String> errorReason,
      Optional<String> errorMessage) {}

  /**
   * Returns a page of instances, by id, newest first.
   *
   * @param before the last id of the previous page; empty for the first page
   */
  public List<ListedInstance> instances(
      Optional<String> organizationId,
      Optional<String> status,
      int limit,
      Optional<String> before) {
    return rows.newest(organizationId, status, limit, before).stream()
        .map(HostOperatorCommands::listed)
        .toList();
  }

  /**
   * Returns the sandboxes in quarantine: they are untracked, or their lost home volume reappeared.
   */
  public List<Reconciler.UnknownSandbox> unknown() {
    return reconciler().unknown();
  }

  /** Returns why the mass-change guard halted destructive changes; empty if it did not. */
  public Optional<Reconciler.Halt> halt() {
    return reconciler().halt().or(() -> values.here().flatMap(UnreferencedValues::halt));
  }

  /** Allows the changes that {@link #halt} names; returns whether there were any. */
  public boolean release() {
    return reconciler().release() || values.here().map(UnreferencedValues::release).orElse(false);
  }

  /** Removes a sandbox in quarantine, including its home volume. */
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

  /** Returns the host's ports that are listed, in use, or have an operator's decision, in order. */
  public List<HostPort> hostPorts() {
    return hostPorts.list();
  }

  /**
   * Stores whether base URLs may name this port of localhost. Rejects Chowder's own ports.
   *
   * @param listed true lists the port; false closes it
   */
  public void decideHostPort(int port, boolean listed) {
    if (!hostPorts.decide(port, listed)) {
      throw ApiError.must(
          "port", "be a port on which neither Chowder, SSH nor the database listens", port);
    }
  }

  /**
   * Returns the host of this node, the hosts that references of sandboxes name, and those that were
   * rebound, by engine and identity.
   */
  public List<SandboxHosts.Host> hosts() {
    return ifEngineResponds("list the hosts", hosts::list);
  }

  /** Rebinds a host to that of this node. Rejects hosts that it does not know or cannot rebind. */
  public void rebindHost(String host) {
    var verb = "rebind host " + host;
    check(verb, host, ifEngineResponds(verb, () -> hosts.rebind(host)));
  }

  /** Ends the rebinding of a host, if there is one. Rejects the same hosts as a rebinding. */
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

  private static ListedInstance listed(InstanceRow row) {
    var view = InstanceReadRows.view(row);
    return new ListedInstance(
        row.id(),
        row.organizationId(),
        row.name(),
        row.status(),
        row.updatedAt(),
        view.errorReason(),
        view.errorMessage());
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
