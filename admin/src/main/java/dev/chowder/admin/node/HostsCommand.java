package dev.chowder.admin.node;

import dev.chowder.admin.command.Invocation;
import dev.chowder.api.operator.v1.ListHostsRequest;
import dev.chowder.api.operator.v1.ListHostsResponse;
import dev.chowder.api.operator.v1.RebindHostRequest;
import dev.chowder.api.operator.v1.UnbindHostRequest;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.output.Table;
import dev.chowder.cli.output.Times;
import dev.chowder.client.Reply;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code hosts}. */
@Command(
    name = "hosts",
    description = "List the hosts of sandboxes, and replace a lost one",
    synopsisSubcommandLabel = "COMMAND")
public final class HostsCommand extends NodeCommand {
  public HostsCommand(Invocation invocation) {
    super(invocation);
  }

  @Command(name = "ls", description = "List the hosts; * marks that of the node")
  void list(@Mixin NodeOption node, @Mixin OutputFormat format) {
    show(node.nodes(invocation()).call("ListHosts", ListHostsRequest.getDefaultInstance()), format);
  }

  @Command(
      description =
          "Use this host for all agents of a host that is lost with its home volumes, or whose"
              + " volumes were copied without their labels")
  void rebind(
      @Parameters(paramLabel = "HOST", description = "identity of the previous host") String host,
      @Option(
              names = {"-y", "--yes"},
              description = "do not ask; required if standard input is not a terminal")
          boolean yes,
      @Mixin NodeOption node,
      @Mixin OutputFormat format) {
    confirm(yes, "Treat home volumes of host %s that are not here as lost?".formatted(host));
    show(
        node.nodes(invocation())
            .call("RebindHost", RebindHostRequest.newBuilder().setHost(host).build()),
        format);
  }

  @Command(description = "End the rebinding of a host")
  void unbind(
      @Parameters(paramLabel = "HOST", description = "identity of the previous host") String host,
      @Mixin NodeOption node,
      @Mixin OutputFormat format) {
    show(
        node.nodes(invocation())
            .call("UnbindHost", UnbindHostRequest.newBuilder().setHost(host).build()),
        format);
  }

  private void show(Reply reply, OutputFormat format) {
    print(
        reply,
        format,
        ListHostsResponse.getDefaultInstance(),
        response -> {
          var table = new Table(" ", "ENGINE", "HOST", "INSTANCES", "REBOUND TO", "SINCE");
          for (var host : response.getHostsList()) {
            table.row(
                host.getOwn() ? "*" : " ",
                host.getEngine(),
                host.getHost(),
                Integer.toString(host.getInstanceCount()),
                host.getReboundTo(),
                host.hasReboundAt() ? Times.text(host.getReboundAt()) : "");
          }
          print(table);
        });
  }
}
