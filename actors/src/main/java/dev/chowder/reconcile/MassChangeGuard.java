package dev.chowder.reconcile;

import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Blocks destructive changes if a pass is about to make implausibly many at once. A lost database,
 * a wrong host or an engine that lost its data looks like that. Blocks until an operator releases
 * the changes or their cause is gone. Knows only the ids of what would change.
 */
final class MassChangeGuard {
  private Optional<Blocked> blocked = Optional.empty();
  private Set<String> released = Set.of();

  /**
   * The blocked changes.
   *
   * @param since first pass that was blocked
   * @param limit maximum number of changes at once
   * @param ids ids that the last pass would have changed
   */
  record Blocked(Instant since, int limit, Set<String> ids) {}

  /**
   * Returns whether this pass may make its changes.
   *
   * @param ids all ids that the pass would change
   * @param limit maximum number of changes without a release
   */
  synchronized boolean permits(Set<String> ids, int limit, Instant now) {
    var open = new HashSet<>(ids);
    open.removeAll(released);
    if (ids.isEmpty()) released = Set.of();
    if (open.isEmpty() || (blocked.isEmpty() && open.size() <= limit)) {
      blocked = Optional.empty();
      return true;
    }
    var since = blocked.map(Blocked::since).orElse(now);
    blocked = Optional.of(new Blocked(since, limit, new TreeSet<>(open)));
    return false;
  }

  /** Returns the blocked changes; empty if none are blocked. */
  synchronized Optional<Blocked> blocked() {
    return blocked;
  }

  /** Permits the changes that are blocked now and no others; returns whether there were any. */
  synchronized boolean release() {
    if (blocked.isEmpty()) return false;
    var all = new HashSet<>(released);
    all.addAll(blocked.get().ids());
    released = Set.copyOf(all);
    blocked = Optional.empty();
    return true;
  }
}
