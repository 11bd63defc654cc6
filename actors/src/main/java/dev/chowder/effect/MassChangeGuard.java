package dev.chowder.effect;

import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Halts the reconciler when it is about to give up or take away more at once than can be true: a
 * lost database, a wrong host or an engine that forgot everything looks like that. Stays until an
 * operator released it or its cause is gone. Knows nothing of sandboxes but their ids.
 */
final class MassChangeGuard {
  private Optional<Raised> raised = Optional.empty();
  private Set<String> released = Set.of();

  /**
   * Why it halts.
   *
   * @param since when it began
   * @param limit how many were allowed
   * @param ids what the present sweep would have given up or taken away
   */
  record Raised(Instant since, int limit, Set<String> ids) {}

  /**
   * Whether these may be acted on now.
   *
   * @param ids all that the present sweep would give up or take away
   */
  synchronized boolean permits(Set<String> ids, int limit, Instant now) {
    var open = new HashSet<>(ids);
    open.removeAll(released);
    if (ids.isEmpty()) released = Set.of();
    if (open.isEmpty() || (raised.isEmpty() && open.size() <= limit)) {
      raised = Optional.empty();
      return true;
    }
    var since = raised.map(Raised::since).orElse(now);
    raised = Optional.of(new Raised(since, limit, new TreeSet<>(open)));
    return false;
  }

  synchronized Optional<Raised> raised() {
    return raised;
  }

  /** Lets happen what it names now, and nothing else; whether there was one. */
  synchronized boolean release() {
    if (raised.isEmpty()) return false;
    var all = new HashSet<>(released);
    all.addAll(raised.get().ids());
    released = Set.copyOf(all);
    raised = Optional.empty();
    return true;
  }
}
