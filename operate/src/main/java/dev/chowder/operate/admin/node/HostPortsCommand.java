package dev.chowder.operate.admin.node;

import com.google.protobuf.Message;
import dev.chowder.api.operator.v1.CloseHostPortRequest;
import dev.chowder.api.operator.v1.ListHostPortsRequest;
import dev.chowder.api.operator.v1.ListHostPortsResponse;
import dev.chowder.api.operator.v1.OpenHostPortRequest;
import dev.chowder.cli.output.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code host-ports}. */
@Command(
    name = "host-ports",
    description = "Open ports of this machine's localhost to agents, and close them")
public final class HostPortsCommand extends NodeCommand {
  @Command(name = "ls", description = "List ports that are listed, in use or decided")
  void list(@Mixin CallOptions options) {
    show(options, ListHostPortsRequest.getDefaultInstance());
  }

  @Command(description = "Permit base URLs to name a port of localhost")
  void open(
      @Parameters(paramLabel = "PORT", description = "1 to 65535") int port,
      @Mixin CallOptions options) {
    show(options, OpenHostPortRequest.newBuilder().setPort(port).build());
  }

  @Command(description = "Forbid base URLs to name a port of localhost")
  void close(
      @Parameters(paramLabel = "PORT", description = "1 to 65535") int port,
      @Mixin CallOptions options) {
    show(options, CloseHostPortRequest.newBuilder().setPort(port).build());
  }

  private void show(CallOptions options, Message request) {
    show(
        options,
        request,
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
