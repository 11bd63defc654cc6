package dev.chowder.storage;

import java.util.Map;
import java.util.Optional;

/**
 * Conditions for listing an organization's instances; all must hold.
 *
 * @param labels required labels, with equal keys and values
 * @param namePrefix literal, case-sensitive prefix
 */
public record InstanceFilter(
    Optional<String> status, Map<String, String> labels, Optional<String> namePrefix) {
  public static final InstanceFilter ALL =
      new InstanceFilter(Optional.empty(), Map.of(), Optional.empty());

  public InstanceFilter {
    labels = Map.copyOf(labels);
  }
}
