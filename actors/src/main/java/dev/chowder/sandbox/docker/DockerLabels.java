package dev.chowder.sandbox.docker;

import dev.chowder.sandbox.SandboxId;
import java.util.HashMap;
import java.util.Map;

/** What every volume and container says about whose it is. Never a secret: anybody can read it. */
final class DockerLabels {
  static final String CLUSTER = "dev.chowder.cluster";
  static final String ORGANIZATION = "dev.chowder.organization";
  static final String INSTANCE = "dev.chowder.instance";
  static final String ATTEMPT = "dev.chowder.attempt";
  static final String ROLE = "dev.chowder.role";

  /** Changes when anything changes that a container was made from. */
  static final String SPEC = "dev.chowder.spec";

  /** On volumes: the image that a home directory was made from. */
  static final String SNAPSHOT = "dev.chowder.snapshot";

  static final String TASK = "task";
  static final String GATEWAY = "gateway";

  private DockerLabels() {}

  static Map<String, String> ofHome(String clusterId, SandboxId id, String organizationId) {
    return Map.of(CLUSTER, clusterId, INSTANCE, id.instanceId(), ORGANIZATION, organizationId);
  }

  static Map<String, String> ofContainer(
      String clusterId, SandboxId id, String organizationId, String role, int attempt) {
    Map<String, String> labels = new HashMap<>(ofHome(clusterId, id, organizationId));
    labels.put(ROLE, role);
    labels.put(ATTEMPT, Integer.toString(attempt));
    return labels;
  }

  /** Finds all of one sandbox. */
  static Map<String, String> filter(String clusterId, SandboxId id) {
    return Map.of(CLUSTER, clusterId, INSTANCE, id.instanceId());
  }

  static int attempt(Map<String, String> labels) {
    try {
      return Integer.parseInt(labels.getOrDefault(ATTEMPT, "0"));
    } catch (NumberFormatException notOurs) {
      return 0;
    }
  }
}
