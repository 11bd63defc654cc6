package dev.chowder.server.operator;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What an operator sees of the sandboxes' host, and can order there. May block; refuses with an
 * {@code ApiError}.
 */
public interface HostCommands {
  /** What is still to be done outside, the longest first; the first {@code limit}. */
  List<PendingWork> pending(int limit);

  /**
   * Returns the sandboxes in quarantine: no journal accounts for them, or a lost home volume came
   * back.
   */
  List<Unknown> unknown();

  /** Why the reconciler gives up and takes away nothing; empty: it works. */
  Optional<Halt> halt();

  /** Lets happen what {@link #halt} names; whether there was anything. */
  boolean release();

  /** Removes a sandbox that is in quarantine, its home included. */
  void remove(String sandboxId);

  /** Returns whether the last check found that the host isolates sandboxes; does not block. */
  boolean isolated();

  /** Returns the host's ports that are listed, in use, or have an operator's decision, in order. */
  List<HostPort> hostPorts();

  /**
   * Stores whether base URLs may name this port of localhost. Rejects Chowder's own ports.
   *
   * @param listed false closes it
   */
  void decideHostPort(int port, boolean listed);

  /**
   * Recovers instances in {@code error}, one after another, until the host has no memory for the
   * next one, or the engine does not answer.
   *
   * @param errorReason only those that failed for this reason; empty for all
   * @param organizationId only this organization's; empty for all
   */
  Recovery recover(Optional<String> errorReason, Optional<String> organizationId);

  /**
   * The result of a bulk recover.
   *
   * @param recovered how many are on their way to {@code running}
   * @param refused those that could not be recovered, for example without a free slot
   * @param left how many were not tried, since the host has no memory for them, or since the engine
   *     does not answer: then the last of {@code refused} is {@code SERVER_UNAVAILABLE}
   */
  record Recovery(int recovered, List<Unrecovered> refused, int left) {}

  /** An instance that could not be recovered. */
  record Unrecovered(String instanceId, String reason, String message) {}

  /**
   * Something that is still to be done outside for an instance.
   *
   * @param what such as {@code remove_sandbox}
   * @param since when it was decided
   */
  record PendingWork(
      String instanceId, String organizationId, String status, String what, Instant since) {}

  /**
   * A port of the host's loopback.
   *
   * @param state {@code listed}, {@code unlisted} (open for a URL that was stored before ports had
   *     to be listed), {@code closed} or {@code own}
   * @param organizations that use it, by id
   */
  record HostPort(int port, String state, boolean open, Set<String> organizations) {}

  /**
   * A sandbox in quarantine.
   *
   * @param why {@code no_journal}, or {@code home_reappeared}: a recover of the instance starts
   *     with the home
   * @param generation of its home volume; empty if there is none
   * @param since when it was first seen
   * @param runs whether its process still runs
   */
  record Unknown(
      String sandboxId, String why, Optional<Integer> generation, Instant since, boolean runs) {}

  /** More than {@code limit} sandboxes would be given up, removed or stopped at once. */
  record Halt(Instant since, int limit, List<String> sandboxes) {}
}
