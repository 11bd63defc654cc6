package dev.chowder.cluster;

import java.util.Set;

/** Messages between nodes about the ports of their host. */
public interface NodePorts {
  /** Makes every node compute again which ports must be open to sandboxes. */
  void changed();

  /** Returns the ports that nodes listen on, as far as this node knows. */
  Set<Integer> ownPorts();
}
