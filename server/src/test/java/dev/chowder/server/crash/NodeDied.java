package dev.chowder.server.crash;

/**
 * Ends a thread of a node that is dead. An error, because nodes handle exceptions and would
 * continue.
 */
final class NodeDied extends Error {
  private static final long serialVersionUID = 1L;

  NodeDied(String cause) {
    super("the node died: " + cause, null, false, false);
  }
}
