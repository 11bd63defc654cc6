package dev.chowder.organization;

import dev.chowder.secret.SecretNames;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Maps model providers to their keys in the table of secrets. A key is stored under a new version
 * before the change is sent, and never changes. It is valid once an event names its version.
 *
 * @param versions the version of each provider's key
 * @param accepted the last accepted versions, newest last; at most {@link #REMEMBERED}
 */
record ProviderKeys(Map<ModelProvider, String> versions, List<String> accepted) {
  static final ProviderKeys NONE = new ProviderKeys(Map.of(), List.of());

  /**
   * Number of accepted versions that a state remembers. A command is resent for at most {@code
   * ask-timeout}, and keys change rarely.
   */
  static final int REMEMBERED = 32;

  ProviderKeys {
    versions = Map.copyOf(versions);
    accepted = List.copyOf(accepted);
  }

  boolean has(ModelProvider provider) {
    return versions.containsKey(provider);
  }

  /**
   * Returns whether one of these versions was accepted before. Then the command was resent and must
   * change nothing.
   */
  boolean remembersAny(Map<ModelProvider, String> others) {
    return others.values().stream().anyMatch(accepted::contains);
  }

  ProviderKeys with(ModelProvider provider, String version) {
    var all = new EnumMap<ModelProvider, String>(ModelProvider.class);
    all.putAll(versions);
    all.put(provider, version);
    if (version.equals(SecretNames.UNVERSIONED)) return new ProviderKeys(all, accepted);
    var kept = accepted.stream().skip(Math.max(0, accepted.size() + 1 - REMEMBERED));
    return new ProviderKeys(all, Stream.concat(kept, Stream.of(version)).toList());
  }

  ProviderKeys without(ModelProvider provider) {
    var all = new EnumMap<ModelProvider, String>(ModelProvider.class);
    all.putAll(versions);
    all.remove(provider);
    return new ProviderKeys(all, accepted);
  }
}
