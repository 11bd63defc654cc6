package dev.chowder.key;

import java.util.Optional;
import java.util.Set;

/**
 * How far a scoped key goes.
 *
 * @param instanceIds which instances it opens
 * @param permissions what it may do with each of them
 * @param sessionPrefix how the ids of the sessions begin that it may speak in; empty: in all
 */
public record KeyScope(
    Set<String> instanceIds, Set<Permission> permissions, Optional<String> sessionPrefix) {
  public KeyScope {
    instanceIds = Set.copyOf(instanceIds);
    permissions = Set.copyOf(permissions);
  }
}
