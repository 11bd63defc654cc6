package dev.chowder.operate.admin.node;

import dev.chowder.api.operator.v1.ListNodesRequest;
import dev.chowder.api.operator.v1.ListNodesResponse;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Table;
import dev.chowder.operate.process.Background;
import dev.chowder.operate.state.UpLock;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code nodes}. */
@Command(
    name = "nodes",
    description = "List the nodes of the cluster, and stop one for maintenance")
public final class NodesCommand extends NodeCommand {
  @Command(name = "ls", description = "List the nodes; * marks the one that answered")
  void list(@Mixin CallOptions options) {
    show(
        options,
        ListNodesRequest.getDefaultInstance(),
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

  @Command(
      description =
          "Stop a node of this machine before maintenance; other nodes take over its calls and its"
              + " work, and agents keep running",
      footer = {"", "To start it again, run \"chowder up\"."})
  void drain(
      @Parameters(paramLabel = "NUMBER", description = "number of the node, from 1") int number) {
    var limit = Background.stopLimit(invocation().variables());
    var installation = invocation().installation();
    installation.requireCreated();
    // Before the nodes are counted: two commands at a time could otherwise stop the last two nodes.
    // Also, "chowder up" would start the node again.
    try (var _ = UpLock.take(installation.home())) {
      var names =
          NodeOption.only(invocation(), number)
              .call(ListNodesRequest.getDefaultInstance())
              .as(ListNodesResponse.getDefaultInstance());
      if (names.getNodesCount() < 2) {
        throw ExitCode.CONFLICT.cannot(
            "drain node " + number,
            "no other node would take over its work",
            "run \"chowder down\" to stop everything");
      }
      installation.stopNode(number, limit);
      say(
          "Node %d (%s) has stopped. To start it again, run \"chowder up\"."
              .formatted(number, names.getAnsweredBy()));
    }
  }
}
