package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.rows.RowKind;
import dev.chowder.rows.RowRebuild;
import dev.chowder.server.error.ApiError;

/** Rebuilds all rows, organizations first, since reconciliation finds instances through them. */
public final class RowOperatorCommands {
  private final RowRebuild rebuild;
  private final RowKind organizations;
  private final RowKind instances;

  public RowOperatorCommands(RowRebuild rebuild, RowKind organizations, RowKind instances) {
    this.rebuild = rebuild;
    this.organizations = organizations;
    this.instances = instances;
  }

  /**
   * The result of a rebuild.
   *
   * @param organizations number of rewritten rows of organizations
   * @param instances number of rewritten rows of instances
   * @param removed number of removed orphaned rows
   * @param unanswered number of organizations and instances that did not reply; their rows are
   *     unchanged
   */
  public record Rebuilt(int organizations, int instances, int removed, int unanswered) {}

  /**
   * Makes every organization and instance write its row again, and removes orphaned rows. Blocks.
   */
  public Rebuilt rebuild() {
    try {
      var o = rebuild.rebuild(organizations);
      var i = rebuild.rebuild(instances);
      return new Rebuilt(
          o.stored(), i.stored(), o.removed() + i.removed(), o.unanswered() + i.unanswered());
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
      throw ApiError.of(
          Reason.CANCELLED,
          cannot("rebuild the rows", "this node is shutting down", "repeat the call"));
    }
  }
}
