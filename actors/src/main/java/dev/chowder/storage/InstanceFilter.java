package dev.chowder.storage;

import java.util.Map;
import java.util.Optional;

/**
 * Which of an organization's instances to list; all conditions hold at once.
 *
 * @param labels key to value, equal both
 * @param namePrefix taken literally, case-sensitive
 */
public record InstanceFilter(
    Optional<String> status, Map<String, String> labels, Optional<String> namePrefix) {
  public static final InstanceFilter ALL =
      new InstanceFilter(Optional.empty(), Map.of(), Optional.empty());

  public InstanceFilter {
    labels = Map.copyOf(labels);
  }
}
