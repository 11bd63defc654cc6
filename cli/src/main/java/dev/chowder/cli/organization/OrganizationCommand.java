package dev.chowder.cli.organization;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import dev.chowder.api.v1.Organization;
import dev.chowder.api.v1.RotateApiKeyResponse;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Candidates;
import dev.chowder.cli.command.Json;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.command.Secrets;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Fields;
import dev.chowder.cli.output.Table;
import dev.chowder.cli.output.Times;
import dev.chowder.client.Call;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code org}: the organization of the key, its model providers and its key. */
@Command(
    name = "org",
    description = "Show the organization, and set its model providers and its key")
public final class OrganizationCommand extends ApiCommand {
  private static final String PATH = "/v1/organization";

  @Command(description = "Show the organization")
  void get(@Mixin OutputFormat format) {
    show(Call.get(PATH), format, Organization.getDefaultInstance(), this::print);
  }

  @Command(description = "Rename the organization")
  void rename(
      @Parameters(paramLabel = "NAME", description = "its new name") String name,
      @Mixin OutputFormat format) {
    update(Json.of("name", name), format);
  }

  @Command(
      name = "set-provider",
      description = "Set the key of a model provider, which it reads from standard input or a file",
      footer = {
        "",
        "A key is sent only to the endpoint that it was set for. A server without a key needs"
            + " --no-key."
      })
  void setProvider(
      @Parameters(
              paramLabel = "PROVIDER",
              completionCandidates = Candidates.Providers.class,
              description = "anthropic, openai, gemini or custom")
          String provider,
      @Option(names = "--key-file", paramLabel = "FILE", description = "file with the key")
          @Nullable Path keyFile,
      @Option(names = "--no-key", description = "remove the key, or use none") boolean noKey,
      @Option(
              names = "--base-url",
              paramLabel = "URL",
              description = "URL of a server with the API of the provider")
          @Nullable String baseUrl,
      @Option(names = "--model", paramLabel = "MODEL", description = "model of new instances")
          @Nullable String model,
      @Option(
              names = "--api",
              paramLabel = "API",
              description =
                  "openai-completions, openai-responses, anthropic-messages or"
                      + " google-generative-ai")
          @Nullable String api,
      @Mixin OutputFormat format) {
    if (noKey && keyFile != null) {
      throw ExitCode.USAGE.failure(
          "--key-file: must not be used with --no-key; choose one of them");
    }
    var key = noKey ? "" : Secrets.read(invocation(), keyFile, "Key of " + provider);
    if (!noKey && key.isEmpty()) {
      throw ExitCode.USAGE.failure("key: must not be empty; use --no-key to remove the key");
    }
    var request = Json.of("model_api_keys", Json.of(provider, key));
    if (baseUrl != null || model != null || api != null) {
      var endpoint = new JsonObject();
      if (baseUrl != null) endpoint.addProperty("base_url", baseUrl);
      if (model != null) endpoint.addProperty("model", model);
      if (api != null) endpoint.addProperty("api", api);
      request.add("model_endpoints", Json.of(provider, endpoint));
    }
    update(request, format);
  }

  @Command(
      name = "set-model",
      description = "Set the model of new instances; the key and the URL of the provider stay")
  void setModel(
      @Parameters(
              paramLabel = "PROVIDER",
              completionCandidates = Candidates.Providers.class,
              description = "a provider that has a URL, such as custom")
          String provider,
      @Parameters(paramLabel = "MODEL", description = "model for instances that name none")
          String model,
      @Mixin OutputFormat format) {
    update(Json.of("model_endpoints", Json.of(provider, Json.of("model", model))), format);
  }

  @Command(name = "rm-provider", description = "Remove the key and the endpoint of a provider")
  void removeProvider(
      @Parameters(
              paramLabel = "PROVIDER",
              completionCandidates = Candidates.Providers.class,
              description = "anthropic, openai, gemini or custom")
          String provider,
      @Mixin OutputFormat format) {
    var request = Json.of("model_api_keys", Json.of(provider, ""));
    request.add("model_endpoints", Json.of(provider, JsonNull.INSTANCE));
    update(request, format);
  }

  @Command(
      name = "rotate-key",
      description = "Create a new key of the organization and print it; it is shown only once")
  void rotateKey(
      @Option(
              names = "--grace",
              paramLabel = "TIME",
              defaultValue = "1h",
              description = "how long the current key stays valid, at most 168h (default: 1h)")
          Duration grace,
      @Mixin OutputFormat format) {
    var call = Call.post(PATH + "/rotate_key").with("grace", Long.toString(grace.toSeconds()));
    var reply = api().send(call);
    if (format.print(output(), reply.json())) return;
    var rotated = reply.as(RotateApiKeyResponse.getDefaultInstance());
    print(rotated.getApiKey());
    say(
        "The key is shown only once; store it with \"chowder context add\". The current key ends at %s."
            .formatted(Times.text(rotated.getOldKeyExpiresAt())));
  }

  private void update(JsonObject request, OutputFormat format) {
    // A merge has the same result if it is repeated.
    var call = Call.again("PATCH", PATH).json(request.toString());
    show(call, format, Organization.getDefaultInstance(), this::print);
  }

  private void print(Organization organization) {
    var limit =
        organization.hasInstanceLimit()
            ? Integer.toString(organization.getInstanceLimit())
            : "unlimited";
    new Fields()
        .add("name", organization.getName())
        .add("id", organization.getId())
        .add("tier", organization.getSubscriptionTier())
        .add("instances", "%d of %s".formatted(organization.getInstanceCount(), limit))
        .add("providers", String.join(", ", organization.getModelProvidersList()))
        .add("created", organization.hasCreatedAt() ? Times.text(organization.getCreatedAt()) : "")
        .print(output());
    if (organization.getModelEndpointsCount() == 0) return;
    var table = new Table("PROVIDER", "BASE URL", "MODEL", "API");
    organization
        .getModelEndpointsMap()
        .forEach(
            (provider, endpoint) ->
                table.row(provider, endpoint.getBaseUrl(), endpoint.getModel(), endpoint.getApi()));
    output().line("");
    table.print(output());
  }
}
