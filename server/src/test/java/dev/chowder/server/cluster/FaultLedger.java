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
  private final Map<String, Set<Fate>> fates = new HashMap<>();
  private final Set<String> unanswered = new HashSet<>();
  private int acknowledged;

  /** A state in which an instance may end. */
  enum Fate {
    RUNNING,
    STOPPED,
    GONE
  }

  /**
   * A snapshot of the ledger.
   *
   * @param fates allowed final states of each acknowledged instance, by id
   * @param unanswered names of creations without an acknowledgement, each of which may have created
   *     one instance
   */
  record Facts(Map<String, Set<Fate>> fates, Set<String> unanswered) {
    /** Returns the instances that no caller asked to delete. */
    Set<String> alive() {
      return fates.entrySet().stream()
          .filter(one -> !one.getValue().contains(Fate.GONE))
          .map(Map.Entry::getKey)
          .collect(Collectors.toSet());
    }
  }

  synchronized void creates(String name) {
    unanswered.add(name);
  }

  synchronized void created(String name, String id) {
    if (!unanswered.remove(name)) throw new AssertionError(name + " was answered twice");
    if (fates.put(id, EnumSet.of(Fate.RUNNING)) != null) {
      throw new AssertionError(id + " was given to two creations");
    }
    acknowledged++;
  }

  synchronized void client(String id, Fate wanted) {
    fates.computeIfPresent(
        id,
        (_, before) -> {
          var both = EnumSet.copyOf(before);
          both.add(wanted);
          return both;
        });
  }

  synchronized void acknowledged(String id, Fate now) {
    fates.put(id, EnumSet.of(now));
    acknowledged++;
  }

  /** Returns how many changes were acknowledged so far. */
  synchronized int acknowledged() {
    return acknowledged;
  }

  synchronized Facts facts() {
    var all = new HashMap<String, Set<Fate>>();
    fates.forEach((id, possible) -> all.put(id, Set.copyOf(possible)));
    return new Facts(all, Set.copyOf(unanswered));
  }
}
