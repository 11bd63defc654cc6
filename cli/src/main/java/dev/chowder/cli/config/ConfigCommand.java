package dev.chowder.cli.config;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.chowder.api.v1.Instance;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Json;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.command.Secrets;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.instance.InstanceArgument;
import dev.chowder.cli.output.Printable;
import dev.chowder.cli.output.StrictJson;
import dev.chowder.client.Call;
import dev.chowder.client.Reply;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code config}: the overrides of an agent's OpenClaw configuration. */
@Command(name = "config", description = "Show and change the OpenClaw configuration of an agent")
public final class ConfigCommand extends ApiCommand {
  @Command(description = "Show the overrides, or one of them; secrets are shown as ***")
  void get(
      @Mixin InstanceArgument instance,
      @Parameters(
              index = "1",
              paramLabel = "PATH",
              arity = "0..1",
              description = "names joined by dots, such as messages.ackReaction")
          @Nullable String path,
      @Mixin OutputFormat format) {
    var config = overrides(api().send(Call.get(path(instance))));
    var value = path == null ? config : ConfigPath.find(config, path);
    if (value == null) {
      throw ExitCode.NOT_FOUND.failure(
          "%s is not set for this instance; \"chowder config get\" without a path shows all"
              .formatted(path));
    }
    if (format.isJson()) {
      output().json(value.toString());
    } else if (value instanceof JsonPrimitive text && text.isString()) {
      print(text.getAsString());
    } else {
      var json = new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping();
      output().line(Printable.json(json.create().toJson(value)));
    }
  }

  private static JsonObject overrides(Reply reply) {
    try {
      return JsonParser.parseString(reply.json()) instanceof JsonObject instance
              && instance.get("openclaw_config") instanceof JsonObject config
          ? config
          : new JsonObject();
    } catch (JsonParseException invalid) {
      throw Reply.unreadable(invalid);
    }
  }

  @Command(
      description = "Set an override; a running agent applies it without a restart",
      footer = {
        "",
        "VALUE is JSON, or otherwise a text. Secrets come from a file or standard input:",
        "  chowder config set my-agent tools.web.search.apiKey --text --value-file key.txt"
      })
  void set(
      @Mixin InstanceArgument instance,
      @Parameters(
              index = "1",
              paramLabel = "PATH",
              description = "names joined by dots; \\. is a dot in a name")
          String path,
      @Parameters(
              index = "2",
              paramLabel = "VALUE",
              arity = "0..1",
              description = "its new value (default: read from standard input)")
          @Nullable String value,
      @Option(names = "--value-file", paramLabel = "FILE", description = "file with the value")
          @Nullable Path valueFile,
      @Option(names = "--text", description = "the value is a text, even if it is valid JSON")
          boolean isText,
      @Mixin OutputFormat format) {
    if (value != null && valueFile != null) {
      throw ExitCode.USAGE.failure("--value-file: must not be used with VALUE; choose one of them");
    }
    var text = value == null ? Secrets.read(invocation(), valueFile, path) : value;
    var json = isText ? null : StrictJson.parse(text);
    update(instance, Json.of(path, json == null ? new JsonPrimitive(text) : json), format);
  }

  @Command(name = "rm", description = "Remove overrides, so that OpenClaw's defaults apply again")
  void remove(
      @Mixin InstanceArgument instance,
      @Parameters(
              index = "1..*",
              paramLabel = "PATH",
              arity = "1..*",
              description = "names joined by dots; \\. is a dot in a name")
          List<String> paths,
      @Mixin OutputFormat format) {
    var patch = new JsonObject();
    for (var path : paths) patch.add(path, JsonNull.INSTANCE);
    update(instance, patch, format);
  }

  private void update(InstanceArgument argument, JsonObject patch, OutputFormat format) {
    var request = Json.of("openclaw_config", patch);
    // A merge has the same result if it is repeated.
    var call = Call.again("PATCH", path(argument)).json(request.toString());
    var reply = api().send(call);
    if (format.print(output(), overrides(reply).toString())) return;
    var instance = reply.as(Instance.getDefaultInstance());
    boolean runs = instance.getStatus() == Instance.Status.running;
    say(
        "%s applies the change %s."
            .formatted(instance.getName(), runs ? "now" : "at its next start"));
  }

  private String path(InstanceArgument instance) {
    return instance.path(api());
  }
}
