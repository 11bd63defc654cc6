package dev.chowder.server.operator;

/** How an operator has the rows that lists read written anew. Blocks. */
@FunctionalInterface
public interface RowCommands {
  /** Has every organization and every instance write its row, and removes those of nobody. */
  Rebuilt rebuild();

  /**
   * What was done.
   *
   * @param organizations rows that were written
   * @param instances the same
   * @param removed rows that nobody had written
   * @param unanswered organizations and instances that did not answer: their rows are as before
   */
  record Rebuilt(int organizations, int instances, int removed, int unanswered) {}
}
