package dev.chowder.server.operator;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Operators' queries and commands about the sandbox host. May block; rejects with an {@code
 * ApiError}.
 */
public interface HostCommands {
  /** Returns up to {@code limit} pending effects, oldest first. */
  List<PendingWork> pending(int limit);

  /**
   * Returns the sandboxes in quarantine: they are untracked, or their lost home volume reappeared.
   */
  List<Unknown> unknown();

  /** Returns why the mass-change guard halted destructive changes; empty if it did not. */
  Optional<Halt> halt();

  /** Allows the changes that {@link #halt} names; returns whether there were any. */
  boolean release();

  /** Removes a sandbox in quarantine, including its home volume. */
  void remove(String sandboxId);

  /** Returns the host's ports that are listed, in use, or have an operator's decision, in order. */
  List<HostPort> hostPorts();

  /**
   * Stores whether base URLs may name this port of localhost. Rejects Chowder's own ports.
   *
   * @param listed true lists the port; false closes it
   */
  void decideHostPort(int port, boolean listed);

  /**
   * Returns the host of this node, the hosts that references of sandboxes name, and those that were
   * rebound, by engine and identity.
   */
  List<SandboxHost> hosts();

  /** Rebinds a host to that of this node. Rejects hosts that it does not know or cannot rebind. */
  void rebindHost(String host);

  /** Ends the rebinding of a host, if there is one. Rejects the same hosts as a rebinding. */
  void unbindHost(String host);

  /**
   * Recovers instances in {@code error} one after another. Stops if the host has no memory for the
   * next one, or if the engine does not answer.
   *
   * @param errorReason recovers only instances that failed for this reason; empty for all
   * @param organizationId recovers only this organization's instances; empty for all
   */
  Recovery recover(Optional<String> errorReason, Optional<String> organizationId);

  /**
   * The result of a bulk recover.
   *
   * @param recovered number of instances that are starting
   * @param refused instances that could not be recovered, for example without a free slot
   * @param left number of instances that were not tried, because the host has no memory or the
   *     engine does not answer; in the second case the last of {@code refused} is {@code
   *     SERVER_UNAVAILABLE}
   */
  record Recovery(int recovered, List<Unrecovered> refused, int left) {}

  /** An instance that could not be recovered. */
  record Unrecovered(String instanceId, String reason, String message) {}

  /**
   * A pending effect of an instance.
   *
   * @param what name of the effect, such as {@code remove_sandbox}
   * @param since when the instance requested it
   */
  record PendingWork(
      String instanceId, String organizationId, String status, String what, Instant since) {}

  /**
   * A port of the host's loopback.
   *
   * @param state {@code listed}, {@code unlisted} (open for a URL that was stored before ports had
   *     to be listed), {@code closed} or {@code own}
   * @param organizations ids of the organizations that use it
   */
  record HostPort(int port, String state, boolean open, Set<String> organizations) {}

  /**
   * A host of sandboxes.
   *
   * @param engine name of its engine
   * @param host its identity
   * @param own whether it is the host of this node
   * @param instances number of instances whose sandbox was created there
   * @param reboundTo identity of the host that replaces it; empty if it is not rebound
   * @param reboundAt when it was rebound; empty if it is not
   */
  record SandboxHost(
      String engine,
      String host,
      boolean own,
      int instances,
      Optional<String> reboundTo,
      Optional<Instant> reboundAt) {}

  /**
   * A sandbox in quarantine.
   *
   * @param why {@code no_journal}, or {@code home_reappeared}; in the second case, recovering the
   *     instance uses the home volume
   * @param generation generation of its home volume; empty if there is none
   * @param since when it was first observed
   * @param runs whether its process runs
   */
  record Unknown(
      String sandboxId, String why, Optional<Integer> generation, Instant since, boolean runs) {}

  /** A halt: more than {@code limit} sandboxes would be lost, removed or stopped at once. */
  record Halt(Instant since, int limit, List<String> sandboxes) {}
}
