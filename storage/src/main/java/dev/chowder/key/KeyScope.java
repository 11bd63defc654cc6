package dev.chowder.key;

import java.util.Optional;
import java.util.Set;

/**
 * The rights of a scoped key.
 *
 * @param instanceIds instances that it may access
 * @param permissions permitted actions on each of them
 * @param sessionPrefix required prefix of session ids; empty if all sessions are permitted
 */
public record KeyScope(
    Set<String> instanceIds, Set<Permission> permissions, Optional<String> sessionPrefix) {
  public KeyScope {
    instanceIds = Set.copyOf(instanceIds);
    permissions = Set.copyOf(permissions);
  }
}
