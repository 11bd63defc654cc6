package dev.chowder.admin.node;

import dev.chowder.admin.command.Invocation;
import dev.chowder.api.operator.v1.CloseHostPortRequest;
import dev.chowder.api.operator.v1.ListHostPortsRequest;
import dev.chowder.api.operator.v1.ListHostPortsResponse;
import dev.chowder.api.operator.v1.OpenHostPortRequest;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.output.Table;
import dev.chowder.client.Reply;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code host-ports}. */
@Command(
    name = "host-ports",
    description = "Open ports of this machine's localhost to agents, and close them",
    synopsisSubcommandLabel = "COMMAND")
public final class HostPortsCommand extends NodeCommand {
  public HostPortsCommand(Invocation invocation) {
    super(invocation);
  }

  @Command(name = "ls", description = "List ports that are listed, in use or decided")
  void list(@Mixin NodeOption node, @Mixin OutputFormat format) {
    show(
        node.nodes(invocation()).call("ListHostPorts", ListHostPortsRequest.getDefaultInstance()),
        format);
  }

  @Command(description = "Permit base URLs to name a port of localhost")
  void open(
      @Parameters(paramLabel = "PORT", description = "1 to 65535") int port,
      @Mixin NodeOption node,
      @Mixin OutputFormat format) {
    show(
        node.nodes(invocation())
            .call("OpenHostPort", OpenHostPortRequest.newBuilder().setPort(port).build()),
        format);
  }

  @Command(description = "Forbid base URLs to name a port of localhost")
  void close(
      @Parameters(paramLabel = "PORT", description = "1 to 65535") int port,
      @Mixin NodeOption node,
      @Mixin OutputFormat format) {
    show(
        node.nodes(invocation())
            .call("CloseHostPort", CloseHostPortRequest.newBuilder().setPort(port).build()),
        format);
  }

  private void show(Reply reply, OutputFormat format) {
    print(
        reply,
        format,
        ListHostPortsResponse.getDefaultInstance(),
        response -> {
          var table = new Table("PORT", "STATE", "OPEN", "ORGANIZATIONS");
          for (var port : response.getHostPortsList()) {
            table.row(
                Integer.toString(port.getPort()),
                port.getState(),
                port.getOpen() ? "yes" : "no",
                Integer.toString(port.getOrganizationCount()));
          }
          print(table);
        });
  }
}
