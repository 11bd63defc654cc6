package dev.chowder.operate.admin.node;

import dev.chowder.api.operator.v1.GetReconcilerRequest;
import dev.chowder.api.operator.v1.Reconciler;
import dev.chowder.api.operator.v1.ReleaseReconcilerRequest;
import dev.chowder.api.operator.v1.ReleaseReconcilerResponse;
import dev.chowder.cli.output.Fields;
import dev.chowder.cli.output.Printable;
import dev.chowder.cli.output.Table;
import dev.chowder.cli.output.Times;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The command {@code reconciler}. Only the node that reconciles serves its calls. */
@Command(name = "reconciler", description = "Show reconciliation, and permit the changes of a halt")
public final class ReconcilerCommand extends NodeCommand {
  @Command(description = "Show whether reconciliation is halted, and the sandboxes in quarantine")
  void get(@Mixin CallOptions options) {
    show(
        options,
        GetReconcilerRequest.getDefaultInstance(),
        Reconciler.getDefaultInstance(),
        this::show);
  }

  @Command(description = "Permit the changes that a halt lists")
  void release(@Mixin CallOptions options) {
    show(
        options,
        ReleaseReconcilerRequest.getDefaultInstance(),
        ReleaseReconcilerResponse.getDefaultInstance(),
        _ -> say("Reconciliation continues with the changes of the halt."));
  }

  private void show(Reconciler reconciler) {
    var fields = new Fields().add("halted", reconciler.getHalted() ? "yes" : "no");
    if (reconciler.hasHalt()) {
      var halt = reconciler.getHalt();
      fields
          .add("since", Times.text(halt.getSince()))
          .add("changes", "%d, more than %d".formatted(halt.getCount(), halt.getLimit()));
    }
    fields
        .add("quarantined", Integer.toString(reconciler.getQuarantinedCount()))
        .print(invocation().output());
    if (reconciler.getHalt().getSandboxesCount() > 0) {
      line("");
      line("Changes that are halted:");
      reconciler
          .getHalt()
          .getSandboxesList()
          .forEach(sandbox -> line("  " + Printable.line(sandbox)));
    }
    if (reconciler.getQuarantineCount() == 0) return;
    var table = new Table("SANDBOX", "WHY", "SINCE", "RUNS", "GENERATION");
    for (var sandbox : reconciler.getQuarantineList()) {
      table.row(
          sandbox.getSandboxId(),
          sandbox.getWhy(),
          Times.text(sandbox.getSince()),
          sandbox.getRuns() ? "yes" : "no",
          sandbox.hasHomeGeneration() ? Integer.toString(sandbox.getHomeGeneration()) : "");
    }
    line("");
    print(table);
  }
}
