package dev.chowder.server.operator;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What an operator sees of the sandboxes' host, and can order there. May block; refuses with an
 * {@code ApiError}.
 */
public interface HostCommands {
  /** What is still to be done outside, the longest first; the first {@code limit}. */
  List<Owed> owed(int limit);

  /** Sandboxes that no journal accounts for. */
  List<Unknown> unknown();

  /** Why the reconciler gives up and takes away nothing; empty: it works. */
  Optional<Halt> halt();

  /** Lets happen what {@link #halt} names; whether there was anything. */
  boolean release();

  /** Removes a sandbox that no journal accounts for, its home included. */
  void remove(String sandboxId);

  /**
   * Something that is still to be done outside for an instance.
   *
   * @param what such as {@code remove_sandbox}
   * @param since when it was decided
   */
  record Owed(
      String instanceId, String organizationId, String status, String what, Instant since) {}

  /** A sandbox that no journal accounts for, since when that is known, and whether it runs. */
  record Unknown(String sandboxId, Instant since, boolean runs) {}

  /** More than {@code limit} sandboxes would be given up, removed or stopped at once. */
  record Halt(Instant since, int limit, List<String> sandboxes) {}
}
