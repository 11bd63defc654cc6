package dev.chowder.cli.instance;

import com.google.gson.JsonObject;
import dev.chowder.api.v1.Instance;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Candidates;
import dev.chowder.cli.command.JsonInput;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.instance.InstanceWait.Seen;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code create}. */
@Command(
    name = "create",
    description = "Create an instance and print its id",
    footer = {"", "Example: chowder create my-agent --label team=docs"})
final class CreateCommand extends ApiCommand implements Runnable {
  private static final Pattern IDEMPOTENCY_KEY = Pattern.compile("[\\x21-\\x7e]{1,255}");

  @Parameters(paramLabel = "NAME", description = "name of the new instance")
  private String name = "";

  @Option(
      names = "--provider",
      paramLabel = "PROVIDER",
      completionCandidates = Candidates.Providers.class,
      description =
          "anthropic, openai, gemini or custom (default: anthropic if it is set up, otherwise the"
              + " organization's only provider)")
  private @Nullable String provider;

  @Option(names = "--model", paramLabel = "MODEL", description = "model of the provider")
  private @Nullable String model;

  @Option(
      names = {"-l", "--label"},
      paramLabel = "KEY=VALUE",
      description = "label of the instance; can be repeated")
  private Map<String, String> labels = new LinkedHashMap<>();

  @Option(
      names = {"--config", "--config-file"},
      paramLabel = "FILE",
      description = "JSON file with overrides of OpenClaw's configuration; - for standard input")
  private @Nullable String config;

  @Option(names = "--region", paramLabel = "REGION", description = "region to run in")
  private @Nullable String region;

  @Option(
      names = "--sandbox-image",
      paramLabel = "VARIANT",
      description =
          "variant of the sandbox image, such as small or tools (default: the operator's first one)")
  private @Nullable String sandboxImage;

  @Option(
      names = "--openclaw-version",
      paramLabel = "VERSION",
      description = "version of OpenClaw (default: the newest)")
  private @Nullable String openclawVersion;

  @Option(
      names = "--idempotency-key",
      paramLabel = "KEY",
      description = "the same key creates no second instance within 24 h")
  private @Nullable String idempotencyKey;

  @Mixin private WaitOptions wait = new WaitOptions();
  @Mixin private OutputFormat format = new OutputFormat();

  @Override
  public void run() {
    var key = idempotencyKey == null ? UUID.randomUUID().toString() : idempotencyKey;
    // It becomes a header.
    if (!IDEMPOTENCY_KEY.matcher(key).matches()) {
      throw ExitCode.USAGE.failure("--idempotency-key: must be 1 to 255 visible ASCII characters");
    }
    var request = request();
    var instances = new Instances(api());
    var seen = Seen.of(instances.create(request, key));
    // Before the wait, so that an interrupted caller knows the id.
    if (!format.isJson()) {
      print(seen.instance().getId());
      output().flush();
    }
    if (wait.waits()) {
      seen =
          InstanceWait.afterChange(instances, invocation().notices())
              .until(seen, Instance.Status.running, wait.begin());
    }
    if (format.isJson()) output().json(seen.json());
  }

  private JsonObject request() {
    var request = new JsonObject();
    request.addProperty("name", name);
    add(request, "model_provider", provider);
    add(request, "model", model);
    add(request, "region", region);
    add(request, "sandbox_image", sandboxImage);
    add(request, "openclaw_version", openclawVersion);
    if (!labels.isEmpty()) {
      var pairs = new JsonObject();
      labels.forEach(pairs::addProperty);
      request.add("labels", pairs);
    }
    if (config != null) {
      request.add("openclaw_config", JsonInput.read(invocation(), "--config", config));
    }
    return request;
  }

  private static void add(JsonObject request, String field, @Nullable String value) {
    if (value != null) request.addProperty(field, value);
  }
}
