package dev.chowder.sandbox.docker;

import dev.chowder.sandbox.SandboxId;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Labels that show to which installation, organization and instance a volume or container belongs.
 * They hold no secrets, because every user of the engine can read them.
 */
public final class DockerLabels {
  public static final String CLUSTER = "dev.chowder.cluster";
  static final String ORGANIZATION = "dev.chowder.organization";
  static final String INSTANCE = "dev.chowder.instance";
  static final String ATTEMPT = "dev.chowder.attempt";
  static final String ROLE = "dev.chowder.role";

  /** Hash of everything that a container is created from. */
  static final String SPEC = "dev.chowder.spec";

  /** On volumes: the image from which the home directory was filled. */
  static final String SNAPSHOT = "dev.chowder.snapshot";

  /** The generation of a home volume; volumes of earlier versions lack this label. */
  static final String GENERATION = "dev.chowder.generation";

  /** The generation of a volume that the engine created itself because the home volume was gone. */
  static final int NO_HOME = -2;

  static final String TASK = "task";
  static final String GATEWAY = "gateway";

  private DockerLabels() {}

  static Map<String, String> ofHome(String clusterId, SandboxId id, String organizationId) {
    return Map.of(CLUSTER, clusterId, INSTANCE, id.instanceId(), ORGANIZATION, organizationId);
  }

  /** Returns the labels of a volume that the engine creates itself together with a container. */
  static Map<String, String> ofNoHome(String clusterId, SandboxId id, String organizationId) {
    Map<String, String> labels = new HashMap<>(ofHome(clusterId, id, organizationId));
    labels.put(GENERATION, Integer.toString(NO_HOME));
    return labels;
  }

  static Map<String, String> ofContainer(
      String clusterId, SandboxId id, String organizationId, String role, int attempt) {
    Map<String, String> labels = new HashMap<>(ofHome(clusterId, id, organizationId));
    labels.put(ROLE, role);
    labels.put(ATTEMPT, Integer.toString(attempt));
    return labels;
  }

  /** Returns the labels that select all volumes and containers of one sandbox. */
  static Map<String, String> filter(String clusterId, SandboxId id) {
    return Map.of(CLUSTER, clusterId, INSTANCE, id.instanceId());
  }

  /** Returns the labels that select the containers of one sandbox with one role. */
  static Map<String, String> filter(String clusterId, SandboxId id, String role) {
    return Map.of(CLUSTER, clusterId, INSTANCE, id.instanceId(), ROLE, role);
  }

  static int attempt(Map<String, String> labels) {
    return number(labels, ATTEMPT, 0);
  }

  /**
   * Returns the generation of a volume, 0 without the label. A value that Chowder did not write
   * counts as a generation that no journal has, so the volume is kept.
   */
  static int generation(@Nullable Map<String, String> labels) {
    return labels == null ? 0 : number(labels, GENERATION, Integer.MAX_VALUE);
  }

  /** Returns whether Chowder created the volume of this generation. */
  static boolean isHome(int generation) {
    return generation != NO_HOME;
  }

  private static int number(Map<String, String> labels, String name, int otherwise) {
    try {
      return Integer.parseInt(labels.getOrDefault(name, "0"));
    } catch (NumberFormatException notOurs) {
      return otherwise;
    }
  }
}
