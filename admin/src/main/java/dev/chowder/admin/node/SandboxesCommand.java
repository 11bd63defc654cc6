package dev.chowder.admin.node;

import dev.chowder.admin.command.Invocation;
import dev.chowder.api.operator.v1.RemoveSandboxRequest;
import dev.chowder.api.operator.v1.RemoveSandboxResponse;
import dev.chowder.cli.command.OutputFormat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code sandboxes}. */
@Command(
    name = "sandboxes",
    description = "Remove sandboxes in quarantine",
    synopsisSubcommandLabel = "COMMAND")
public final class SandboxesCommand extends NodeCommand {
  public SandboxesCommand(Invocation invocation) {
    super(invocation);
  }

  @Command(name = "rm", description = "Remove a sandbox in quarantine with its home volume")
  void remove(
      @Parameters(paramLabel = "ID", description = "sb- and the id of its instance") String id,
      @Option(
              names = {"-y", "--yes"},
              description = "do not ask; required if standard input is not a terminal")
          boolean yes,
      @Mixin NodeOption node,
      @Mixin OutputFormat format) {
    confirm(yes, "Remove the sandbox %s and all files in its home volume?".formatted(id));
    print(
        node.nodes(invocation())
            .call("RemoveSandbox", RemoveSandboxRequest.newBuilder().setSandboxId(id).build()),
        format,
        RemoveSandboxResponse.getDefaultInstance(),
        _ -> say(id + " is removed"));
  }
}
