package dev.chowder.server.operator;

import java.util.List;

/** The nodes of the cluster by name, which is {@code host:port} of each in the cluster. */
public interface NodeDirectory {
  /** Returns the name of this node. */
  String own();

  /** Returns the names of all nodes, in order. */
  List<String> all();

  /** Returns the name of the node that reconciles; empty while none does. */
  String reconciling();
}
