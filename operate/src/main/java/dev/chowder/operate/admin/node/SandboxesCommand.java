package dev.chowder.operate.admin.node;

import dev.chowder.api.operator.v1.RemoveSandboxRequest;
import dev.chowder.api.operator.v1.RemoveSandboxResponse;
import dev.chowder.cli.command.Confirmation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code sandboxes}. */
@Command(name = "sandboxes", description = "Remove sandboxes in quarantine")
public final class SandboxesCommand extends NodeCommand {
  @Command(name = "rm", description = "Remove a sandbox in quarantine with its home volume")
  void remove(
      @Parameters(paramLabel = "ID", description = "sb- and the id of its instance") String id,
      @Mixin Confirmation confirmation,
      @Mixin CallOptions options) {
    confirm(confirmation, "Remove the sandbox %s and all files in its home volume?".formatted(id));
    show(
        options,
        RemoveSandboxRequest.newBuilder().setSandboxId(id).build(),
        RemoveSandboxResponse.getDefaultInstance(),
        _ -> say(id + " is removed"));
  }
}
