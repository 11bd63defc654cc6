package dev.chowder.server.operator;

import dev.chowder.cluster.NodeNames;
import java.util.List;
import java.util.function.Supplier;

/**
 * The nodes of the running cluster.
 *
 * @param reconciler returns the name of the node that reconciles; empty while none does
 */
public record ClusterNodes(NodeNames names, Supplier<String> reconciler) implements NodeDirectory {
  @Override
  public String own() {
    return names.own();
  }

  @Override
  public List<String> all() {
    return names.all();
  }

  @Override
  public String reconciling() {
    return reconciler.get();
  }
}
