package dev.chowder.server.operator;

/** Rebuilds the read-model rows that lists read. Blocks. */
@FunctionalInterface
public interface RowCommands {
  /** Makes every organization and instance write its row again, and removes orphaned rows. */
  Rebuilt rebuild();

  /**
   * The result of a rebuild.
   *
   * @param organizations number of rewritten rows of organizations
   * @param instances number of rewritten rows of instances
   * @param removed number of removed orphaned rows
   * @param unanswered number of organizations and instances that did not reply; their rows are
   *     unchanged
   */
  record Rebuilt(int organizations, int instances, int removed, int unanswered) {}
}
