package dev.chowder.server.cluster;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Records acknowledged changes and calls without a response. A call in progress allows both
 * outcomes; its acknowledgement leaves one.
 */
final class FaultLedger {
  private final Map<String, Set<EndState>> endStates = new HashMap<>();
  private final Set<String> unanswered = new HashSet<>();
  private int acknowledged;

  /** A state in which an instance may end. */
  enum EndState {
    RUNNING,
    STOPPED,
    GONE
  }

  /**
   * A snapshot of the ledger.
   *
   * @param endStates allowed final states of each acknowledged instance, by id
   * @param unanswered names of creations without an acknowledgement, each of which may have created
   *     one instance
   */
  record Facts(Map<String, Set<EndState>> endStates, Set<String> unanswered) {
    /** Returns the instances that no caller asked to delete. */
    Set<String> alive() {
      return endStates.entrySet().stream()
          .filter(one -> !one.getValue().contains(EndState.GONE))
          .map(Map.Entry::getKey)
          .collect(Collectors.toSet());
    }
  }

  synchronized void creates(String name) {
    unanswered.add(name);
  }

  synchronized void created(String name, String id) {
    if (!unanswered.remove(name)) throw new AssertionError(name + " was answered twice");
    if (endStates.put(id, EnumSet.of(EndState.RUNNING)) != null) {
      throw new AssertionError(id + " was given to two creations");
    }
    acknowledged++;
  }

  synchronized void client(String id, EndState wanted) {
    endStates.computeIfPresent(
        id,
        (_, before) -> {
          var both = EnumSet.copyOf(before);
          both.add(wanted);
          return both;
        });
  }

  synchronized void acknowledged(String id, EndState now) {
    endStates.put(id, EnumSet.of(now));
    acknowledged++;
  }

  /** Returns how many changes were acknowledged so far. */
  synchronized int acknowledged() {
    return acknowledged;
  }

  synchronized Facts facts() {
    var all = new HashMap<String, Set<EndState>>();
    endStates.forEach((id, possible) -> all.put(id, Set.copyOf(possible)));
    return new Facts(all, Set.copyOf(unanswered));
  }
}
