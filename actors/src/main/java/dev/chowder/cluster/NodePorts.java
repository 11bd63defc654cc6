package dev.chowder.cluster;

import java.util.Set;

/** What nodes tell each other about ports of their host. */
public interface NodePorts {
  /** Has every node look again which ports are to be open to sandboxes. */
  void changed();

  /** Returns the ports that nodes listen on, as far as this one knows. */
  Set<Integer> ownPorts();
}
