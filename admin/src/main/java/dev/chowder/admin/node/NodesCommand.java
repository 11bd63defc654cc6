package dev.chowder.admin.node;

import dev.chowder.admin.command.Invocation;
import dev.chowder.api.operator.v1.ListNodesRequest;
import dev.chowder.api.operator.v1.ListNodesResponse;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.output.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The command {@code nodes}. */
@Command(
    name = "nodes",
    description = "List the nodes of the cluster",
    synopsisSubcommandLabel = "COMMAND")
public final class NodesCommand extends NodeCommand {
  public NodesCommand(Invocation invocation) {
    super(invocation);
  }

  @Command(name = "ls", description = "List the nodes; * marks the one that answered")
  void list(@Mixin NodeOption node, @Mixin OutputFormat format) {
    print(
        node.nodes(invocation()).call("ListNodes", ListNodesRequest.getDefaultInstance()),
        format,
        ListNodesResponse.getDefaultInstance(),
        response -> {
          var table = new Table(" ", "NODE", "RECONCILES");
          for (var name : response.getNodesList()) {
            table.row(
                name.equals(response.getAnsweredBy()) ? "*" : " ",
                name,
                name.equals(response.getReconciledBy()) ? "yes" : "no");
          }
          print(table);
        });
  }
}
