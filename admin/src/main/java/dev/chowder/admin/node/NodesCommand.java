package dev.chowder.admin.node;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.admin.command.Invocation;
import dev.chowder.admin.installation.Installation;
import dev.chowder.admin.installation.UpLock;
import dev.chowder.api.operator.v1.ListNodesRequest;
import dev.chowder.api.operator.v1.ListNodesResponse;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Table;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code nodes}. */
@Command(
    name = "nodes",
    description = "List the nodes of the cluster, and stop one for maintenance",
    synopsisSubcommandLabel = "COMMAND")
public final class NodesCommand extends NodeCommand {
  /** As for {@code chowder up}. */
  private static final String STOP_SECONDS = "60";

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

  @Command(
      description =
          "Stop a node of this machine before maintenance; other nodes take over its calls and its"
              + " work, and agents keep running",
      footer = {"", "To start it again, run \"chowder up\"."})
  void drain(
      @Parameters(paramLabel = "NUMBER", description = "number of the node, from 1") int number) {
    var limit = limit();
    var installation = Installation.of(invocation());
    installation.requireCreated();
    // Before the nodes are counted: two commands at a time could otherwise stop the last two nodes.
    // Also, "chowder up" would start the node again.
    try (var _ = UpLock.take(installation.home())) {
      var names =
          NodeOption.only(invocation(), number)
              .call("ListNodes", ListNodesRequest.getDefaultInstance())
              .as(ListNodesResponse.getDefaultInstance());
      if (names.getNodesCount() < 2) {
        throw new CommandException(
            ExitCode.CONFLICT,
            cannot(
                "drain node " + number,
                "no other node would take over its work",
                "run \"chowder down\" to stop everything"));
      }
      installation.stopNode(number, limit);
      say(
          "Node %d (%s) has stopped. To start it again, run \"chowder up\"."
              .formatted(number, names.getAnsweredBy()));
    }
  }

  private Duration limit() {
    var seconds =
        invocation().environment().variables().getOrDefault("CHOWDER_STOP_SECONDS", STOP_SECONDS);
    if (seconds.matches("[0-9]{1,6}")) return Duration.ofSeconds(Long.parseLong(seconds));
    throw new CommandException(
        ExitCode.USAGE, "CHOWDER_STOP_SECONDS: must be a number of seconds; got " + seconds);
  }
}
