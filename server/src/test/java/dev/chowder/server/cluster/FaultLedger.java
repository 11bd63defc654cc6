package dev.chowder.server.cluster;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What callers were told, and what they asked for and were never told of. A call that is under way
 * allows what was and what is asked for; its acknowledgement leaves one.
 */
final class FaultLedger {
  private final Map<String, Set<Fate>> fates = new HashMap<>();
  private final Set<String> unanswered = new HashSet<>();
  private int acknowledged;

  /** What an instance is to end in. */
  enum Fate {
    RUNNING,
    STOPPED,
    GONE
  }

  /**
   * All of it at one moment.
   *
   * @param fates of the instances that were acknowledged, by id: what each may end in
   * @param unanswered names of creations that nobody acknowledged: each may have made one instance
   */
  record Facts(Map<String, Set<Fate>> fates, Set<String> unanswered) {
    /** Those that nobody asked to be deleted. */
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

  /** How many changes were acknowledged so far. */
  synchronized int acknowledged() {
    return acknowledged;
  }

  synchronized Facts facts() {
    var all = new HashMap<String, Set<Fate>>();
    fates.forEach((id, possible) -> all.put(id, Set.copyOf(possible)));
    return new Facts(all, Set.copyOf(unanswered));
  }
}
