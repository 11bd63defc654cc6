package dev.chowder.server.operator;

import java.util.List;

/**
 * A cluster of the nodes {@code here:1} and {@code there:2}, which reconciles.
 *
 * @param own name of this node
 */
public record TwoNodes(String own) implements NodeDirectory {
  @Override
  public List<String> all() {
    return List.of("here:1", "there:2");
  }

  @Override
  public String reconciling() {
    return "there:2";
  }
}
