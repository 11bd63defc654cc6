package dev.chowder.admin.node;

import dev.chowder.admin.command.Invocation;
import dev.chowder.api.operator.v1.RebuildRowsRequest;
import dev.chowder.api.operator.v1.RebuildRowsResponse;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Fields;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The command {@code rows}. */
@Command(
    name = "rows",
    description = "Rebuild the rows that lists read",
    synopsisSubcommandLabel = "COMMAND")
public final class RowsCommand extends NodeCommand {
  public RowsCommand(Invocation invocation) {
    super(invocation);
  }

  @Command(
      description =
          "Rebuild all rows that lists read from the journal, after tables were changed or lost",
      footer = {
        "",
        "Lists stay correct meanwhile. Any node rebuilds the rows of all nodes. You can repeat it"
            + " at any time."
      })
  void rebuild(@Mixin NodeOption node, @Mixin OutputFormat format) {
    var reply =
        node.nodes(invocation()).call("RebuildRows", RebuildRowsRequest.getDefaultInstance());
    print(reply, format, RebuildRowsResponse.getDefaultInstance(), this::show);
    int unanswered = reply.as(RebuildRowsResponse.getDefaultInstance()).getUnanswered();
    if (unanswered > 0) {
      throw new CommandException(
          ExitCode.FAILED,
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
        .lines()
        .forEach(this::line);
  }
}
