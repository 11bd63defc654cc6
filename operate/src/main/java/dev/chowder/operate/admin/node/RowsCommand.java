package dev.chowder.operate.admin.node;

import dev.chowder.api.operator.v1.RebuildRowsRequest;
import dev.chowder.api.operator.v1.RebuildRowsResponse;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Fields;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The command {@code rows}. */
@Command(name = "rows", description = "Rebuild the rows that lists read")
public final class RowsCommand extends NodeCommand {
  @Command(
      description =
          "Rebuild all rows that lists read from the journal, after tables were changed or lost",
      footer = {
        "",
        "Lists stay correct meanwhile. Any node rebuilds the rows of all nodes. You can repeat it"
            + " at any time."
      })
  void rebuild(@Mixin CallOptions options) {
    int unanswered =
        call(
                options,
                RebuildRowsRequest.getDefaultInstance(),
                RebuildRowsResponse.getDefaultInstance(),
                this::show)
            .getUnanswered();
    if (unanswered > 0) {
      throw ExitCode.FAILED.failure(
          "cannot rebuild all rows: %d entities did not reply, so their rows are unchanged (see the server's log); run this again"
              .formatted(unanswered));
    }
  }

  private void show(RebuildRowsResponse rebuilt) {
    new Fields()
        .add("organizations", Integer.toString(rebuilt.getOrganizations()))
        .add("instances", Integer.toString(rebuilt.getInstances()))
        .add("removed", Integer.toString(rebuilt.getRemoved()))
        .add("unanswered", Integer.toString(rebuilt.getUnanswered()))
        .print(invocation().output());
  }
}
