package dev.chowder.operate.admin.node;

import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code call}: calls any RPC, for scripts. */
@Command(
    name = "call",
    description = "Call an RPC of the operator API and print its response as JSON",
    footer = {"", "docs/OPERATOR.md lists the RPCs and their fields."})
public final class CallCommand extends NodeCommand implements Runnable {
  private static final String STANDARD_INPUT = "-";

  @Parameters(index = "0", paramLabel = "RPC", description = "such as ListOrganizations")
  private String rpc = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "JSON",
      description = "the request (default: {}); - reads it from standard input")
  private String request = "{}";

  @Mixin private NodeOption node = new NodeOption();

  @Override
  public void run() {
    var json = request.equals(STANDARD_INPUT) ? input() : request;
    invocation().output().json(node.nodes(invocation()).call(rpc, json).json());
  }

  private String input() {
    try {
      var bytes = invocation().environment().input().readAllBytes();
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (IOException failed) {
      throw ExitCode.USAGE.cannot("read the request", failed, "pass it on standard input");
    }
  }
}
