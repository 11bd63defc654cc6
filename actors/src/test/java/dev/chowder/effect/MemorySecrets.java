package dev.chowder.effect;

import dev.chowder.secret.Secret;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Secrets in memory, for tests of what is done with them. */
final class MemorySecrets implements SecretBox {
  private final Map<String, Map<String, Secret>> byOwner = new ConcurrentHashMap<>();

  @Override
  public Optional<Secret> get(String owner, String name) {
    return Optional.ofNullable(byOwner.getOrDefault(owner, Map.of()).get(name));
  }

  @Override
  public void put(String owner, String name, Secret secret) {
    byOwner.computeIfAbsent(owner, _ -> new ConcurrentHashMap<>()).put(name, secret);
  }

  @Override
  public void deleteAll(String owner) {
    byOwner.remove(owner);
  }
}
