package dev.chowder.operate.admin.node;

import com.google.protobuf.Message;
import dev.chowder.api.operator.v1.ListHostsRequest;
import dev.chowder.api.operator.v1.ListHostsResponse;
import dev.chowder.api.operator.v1.RebindHostRequest;
import dev.chowder.api.operator.v1.UnbindHostRequest;
import dev.chowder.cli.command.Confirmation;
import dev.chowder.cli.output.Table;
import dev.chowder.cli.output.Times;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code hosts}. */
@Command(name = "hosts", description = "List the hosts of sandboxes, and replace a lost one")
public final class HostsCommand extends NodeCommand {
  @Command(name = "ls", description = "List the hosts; * marks that of the node")
  void list(@Mixin CallOptions options) {
    show(options, ListHostsRequest.getDefaultInstance());
  }

  @Command(
      description =
          "Use this host for all agents of a host that is lost with its home volumes, or whose"
              + " volumes were copied without their labels")
  void rebind(
      @Parameters(paramLabel = "HOST", description = "identity of the previous host") String host,
      @Mixin Confirmation confirmation,
      @Mixin CallOptions options) {
    confirm(
        confirmation, "Treat home volumes of host %s that are not here as lost?".formatted(host));
    show(options, RebindHostRequest.newBuilder().setHost(host).build());
  }

  @Command(description = "End the rebinding of a host")
  void unbind(
      @Parameters(paramLabel = "HOST", description = "identity of the previous host") String host,
      @Mixin CallOptions options) {
    show(options, UnbindHostRequest.newBuilder().setHost(host).build());
  }

  private void show(CallOptions options, Message request) {
    show(
        options,
        request,
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
