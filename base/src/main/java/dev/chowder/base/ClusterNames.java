package dev.chowder.base;

import java.util.List;

/** Names of parts of a host that belong to one installation. No two installations share one. */
public final class ClusterNames {
  private ClusterNames() {}

  /**
   * Returns the cluster id itself if it is short and plain, so that people and scripts recognize
   * it; otherwise a hash.
   */
  public static String shortName(String clusterId) {
    if (clusterId.matches("[a-z0-9-]{1,12}")) {
      return clusterId;
    }
    return Sha256.hex(clusterId).substring(0, 8);
  }

  /** Returns the name of the firewall chain for packets that pass through the host. */
  public static String forwardChain(String clusterId) {
    return "CHOWDER-" + shortName(clusterId);
  }

  /** Returns the name of the firewall chain for packets to the host itself. */
  public static String inputChain(String clusterId) {
    return forwardChain(clusterId) + "-IN";
  }

  /** Returns the names of all firewall chains of an installation. */
  public static List<String> chains(String clusterId) {
    return List.of(forwardChain(clusterId), inputChain(clusterId));
  }
}
