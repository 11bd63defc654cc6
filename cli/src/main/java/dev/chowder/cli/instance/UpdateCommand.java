package dev.chowder.cli.instance;

import com.google.gson.JsonObject;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.JsonInput;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.failure.ExitCode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code update}. */
@Command(
    name = "update",
    description = "Change the name, labels, sandbox image or configuration of an instance",
    footer = {"", "Example: chowder update my-agent --label team=docs --remove-label draft"})
final class UpdateCommand extends ApiCommand implements Runnable {
  @Mixin private InstanceArgument instance = new InstanceArgument();

  @Option(names = "--name", paramLabel = "NEW", description = "new name of the instance")
  private @Nullable String newName;

  @Option(
      names = {"-l", "--label"},
      paramLabel = "KEY=VALUE",
      description = "label to set; can be repeated")
  private Map<String, String> labels = new LinkedHashMap<>();

  @Option(
      names = "--remove-label",
      paramLabel = "KEY",
      description = "label to remove; can be repeated")
  private List<String> removedLabels = new ArrayList<>();

  @Option(
      names = "--sandbox-image",
      paramLabel = "VARIANT",
      description = "variant of the sandbox image from the next boot on, such as small or tools")
  private @Nullable String sandboxImage;

  @Option(
      names = {"--config", "--config-file"},
      paramLabel = "FILE",
      description =
          "JSON merge patch of the overrides of OpenClaw's configuration; - for standard input")
  private @Nullable String configFile;

  @Mixin private OutputFormat format = new OutputFormat();

  @Override
  public void run() {
    var request = request();
    if (request.isEmpty()) {
      throw ExitCode.USAGE.failure(
          "options: must have --name, --label, --remove-label, --sandbox-image or --config; got"
              + " none");
    }
    var instances = new Instances(api());
    var reply = instances.update(instance.id(api()), request);
    if (format.print(output(), reply.json())) return;
    say(Instances.parse(reply).getName() + " is updated.");
  }

  private JsonObject request() {
    var request = new JsonObject();
    if (newName != null) request.addProperty("name", newName);
    if (sandboxImage != null) request.addProperty("sandbox_image", sandboxImage);
    var pairs = new JsonObject();
    labels.forEach(pairs::addProperty);
    // The API removes a label by an empty value.
    removedLabels.forEach(label -> pairs.addProperty(label, ""));
    if (!pairs.isEmpty()) request.add("labels", pairs);
    if (configFile != null) {
      request.add("openclaw_config", JsonInput.read(invocation(), "--config", configFile));
    }
    return request;
  }
}
