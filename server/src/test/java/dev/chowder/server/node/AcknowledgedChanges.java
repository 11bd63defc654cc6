package dev.chowder.server.node;

import dev.chowder.instance.InstanceStatus.Name;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Records the changes that were acknowledged to callers. */
final class AcknowledgedChanges {
  private final Set<String> created = new HashSet<>();
  private final Set<String> deleted = new HashSet<>();
  private final Set<String> deletedOrNot = new HashSet<>();
  private final Set<String> createdOrNot = new HashSet<>();
  private final Set<String> adopted = new HashSet<>();
  private final Map<String, String> names = new HashMap<>();
  private final Map<String, Set<Name>> ends = new HashMap<>();

  /** Returns false if the id was acknowledged to another create. */
  synchronized boolean created(String id, String name) {
    names.put(id, name);
    createdOrNot.remove(name);
    return created.add(id);
  }

  /** The node died before it replied, so an instance with this name may exist. */
  synchronized void createdOrNot(String name) {
    // The reply to another call with its idempotency key names the instance.
    if (!names.containsValue(name)) createdOrNot.add(name);
  }

  /**
   * Records an instance that no reply named. Returns whether a create without a reply may have made
   * it. One create makes one instance.
   */
  synchronized boolean adopt(String id, String name) {
    if (adopted.contains(id)) return true;
    if (!createdOrNot.remove(name)) return false;
    adopted.add(id);
    endsAs(id, Name.RUNNING, Name.ERROR);
    return true;
  }

  synchronized Set<String> adopted() {
    return Set.copyOf(adopted);
  }

  /** The node died before it replied. */
  synchronized void deletedOrNot(String id) {
    deletedOrNot.add(id);
  }

  /** Returns whether a delete of the instance was acknowledged, or has no reply. */
  synchronized boolean mayBeDeleted(String id) {
    return deleted.contains(id) || deletedOrNot.contains(id);
  }

  synchronized void renamed(String id, String name) {
    names.put(id, name);
  }

  /** Two callers renamed the instance concurrently, so either name may be the last. */
  synchronized void renamedOrNot(String id) {
    names.remove(id);
  }

  synchronized void deleted(String id) {
    deleted.add(id);
  }

  /** Records the allowed states of an instance once no operation is in progress. */
  synchronized void endsAs(String id, Name... ones) {
    ends.put(id, Set.of(ones));
  }

  synchronized Set<String> created() {
    return Set.copyOf(created);
  }

  synchronized Set<String> deleted() {
    return Set.copyOf(deleted);
  }

  synchronized Map<String, String> names() {
    return Map.copyOf(names);
  }

  synchronized Map<String, Set<Name>> ends() {
    return Map.copyOf(ends);
  }
}
