package dev.chowder.cli.gateway;

import dev.chowder.api.v1.GatewayAccess;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.instance.InstanceArgument;
import dev.chowder.cli.output.Fields;
import dev.chowder.client.Call;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The command {@code gateway}: the URL of an agent's own gateway, and its token. */
@Command(name = "gateway", description = "Show and replace the token of an agent's own gateway")
public final class GatewayCommand extends ApiCommand {
  /** Longer than the server waits until the gateway accepts a new token. */
  private static final Duration ROTATE_LIMIT = Duration.ofSeconds(90);

  @Command(
      description =
          "Show the URLs of the gateway and of its Control UI, and the token, which gives full"
              + " access to the agent")
  void get(@Mixin InstanceArgument instance, @Mixin OutputFormat format) {
    show(Call.get(path(instance)), format, GatewayAccess.getDefaultInstance(), this::print);
  }

  @Command(description = "Replace the token and show the new one; the old one ends at once")
  void rotate(@Mixin InstanceArgument instance, @Mixin OutputFormat format) {
    var call = Call.post(path(instance) + "/rotate").within(ROTATE_LIMIT);
    show(call, format, GatewayAccess.getDefaultInstance(), this::print);
  }

  private void print(GatewayAccess access) {
    new Fields()
        .add("url", access.getGatewayUrl())
        // Browsers do not send the part after # to a server.
        .add("control ui", access.getGatewayUrl() + "/#token=" + token(access))
        .add("token", access.getGatewayToken())
        .print(output());
  }

  private static String token(GatewayAccess access) {
    return Call.segment(access.getGatewayToken());
  }

  private String path(InstanceArgument instance) {
    return instance.path(api()) + "/gateway";
  }
}
