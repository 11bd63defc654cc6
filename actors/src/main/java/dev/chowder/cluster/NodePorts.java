package dev.chowder.cluster;

import java.util.Set;

/** The messages between nodes about ports of their host. */
public interface NodePorts {
  /** Has every node compute again which ports must be open to sandboxes. */
  void changed();

  /** Returns the ports that nodes listen on, as far as this one knows. */
  Set<Integer> ownPorts();
}
