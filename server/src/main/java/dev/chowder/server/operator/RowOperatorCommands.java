package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.rows.RowKind;
import dev.chowder.rows.RowRebuild;
import dev.chowder.server.error.ApiError;

/** Rebuilds all rows, organizations first, since reconciliation finds instances through them. */
public final class RowOperatorCommands implements RowCommands {
  private final RowRebuild rebuild;
  private final RowKind organizations;
  private final RowKind instances;

  public RowOperatorCommands(RowRebuild rebuild, RowKind organizations, RowKind instances) {
    this.rebuild = rebuild;
    this.organizations = organizations;
    this.instances = instances;
  }

  @Override
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
