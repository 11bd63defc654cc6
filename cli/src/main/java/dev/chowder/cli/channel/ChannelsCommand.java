package dev.chowder.cli.channel;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.chowder.api.v1.Channel;
import dev.chowder.api.v1.ChannelStatus;
import dev.chowder.api.v1.ConnectChannelResponse;
import dev.chowder.api.v1.ListChannelsResponse;
import dev.chowder.api.v1.ListPairingsResponse;
import dev.chowder.api.v1.PairChannelResponse;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Json;
import dev.chowder.cli.command.JsonInput;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.command.Secrets;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.instance.InstanceArgument;
import dev.chowder.cli.output.Fields;
import dev.chowder.cli.output.Table;
import dev.chowder.cli.output.Times;
import dev.chowder.client.Call;
import dev.chowder.client.Reply;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code channels}. */
@Command(name = "channels", description = "Connect an agent to chat services, and approve people")
public final class ChannelsCommand extends ApiCommand {
  /** Longer than Envoy waits for a connection. */
  private static final Duration CONNECT_LIMIT = Duration.ofMinutes(4);

  @Command(name = "ls", description = "List all channels")
  void list(@Mixin InstanceArgument instance, @Mixin OutputFormat format) {
    var reply = api().send(Call.get(instance.path(api()) + "/channels"));
    if (format.print(output(), reply.json())) return;
    var table = new Table("CHANNEL", "ENABLED", "FIELDS");
    for (var channel : reply.as(ListChannelsResponse.getDefaultInstance()).getChannelsList()) {
      table.row(
          channel.getChannel(),
          channel.getEnabled() ? "yes" : "no",
          names(channel.getRequiredFieldsMap()));
    }
    table.print(output());
  }

  @Command(description = "Show a channel and the fields that it needs")
  void get(@Mixin ChannelArguments channel, @Mixin OutputFormat format) {
    var reply = api().send(Call.get(channel.path(api())));
    if (format.print(output(), reply.json())) return;
    var shown = reply.as(Channel.getDefaultInstance());
    new Fields()
        .add("channel", shown.getChannel())
        .add("enabled", shown.getEnabled() ? "yes" : "no")
        .add("connected by", shown.getConnectionType().name())
        .add("webhook url", shown.getWebhookUrl())
        .print(output());
    var table = new Table("FIELD", "NEEDED", "DESCRIPTION");
    shown.getRequiredFieldsMap().forEach((field, text) -> table.row(field, "yes", text));
    shown.getOptionalFieldsMap().forEach((field, text) -> table.row(field, "no", text));
    output().line("");
    table.print(output());
  }

  @Command(
      description = "Connect a channel; asks for its fields, or reads them as JSON",
      footer = {
        "",
        "Example: echo '{\"token\": \"...\"}' | chowder channels connect my-agent telegram"
      })
  void connect(
      @Mixin ChannelArguments channel,
      @Option(
              names = "--config",
              paramLabel = "FILE",
              description = "JSON object with the fields (default: standard input, or a dialog)")
          @Nullable String config,
      @Option(names = "--again", description = "use the fields of the last connection")
          boolean again,
      @Option(
              names = "--qr",
              paramLabel = "FILE",
              description = "PNG to write if there is a code to scan")
          @Nullable Path qr,
      @Mixin OutputFormat format) {
    var path = channel.path(api());
    var request = new JsonObject();
    if (!again) request.add("config", fields(path, config));
    var call = Call.post(path + "/connect").json(request.toString()).within(CONNECT_LIMIT);
    var reply = api().send(call);
    var response = reply.as(ConnectChannelResponse.getDefaultInstance());
    if (qr != null && response.hasQrImageBase64()) write(response.getQrImageBase64(), qr);
    if (!format.print(output(), reply.json())) {
      new Fields()
          .add("channel", response.getChannel())
          .add("status", response.getStatus().name())
          .add("message", response.getMessage())
          .add("webhook url", response.getWebhookUrl())
          .add("code to scan", qr != null && response.hasQrImageBase64() ? qr.toString() : "")
          .print(output());
    }
    if (response.getStatus() == ConnectChannelResponse.Status.failed) {
      throw ExitCode.FAILED.failure(
          "%s rejected the connection: %s; connect it with other fields"
              .formatted(channel.name(), response.getMessage()));
    }
  }

  /** Returns the fields of a connection, which are secrets and therefore no arguments. */
  private JsonObject fields(String path, @Nullable String config) {
    if (config != null || !invocation().environment().terminals().input()) {
      return JsonInput.read(invocation(), "--config", config == null ? "-" : config);
    }
    var fields = new JsonObject();
    var channel = api().send(Call.get(path)).as(Channel.getDefaultInstance());
    channel
        .getRequiredFieldsMap()
        .forEach(
            (field, text) -> {
              var typed = Secrets.typed(invocation(), "%s (%s)".formatted(field, text));
              if (typed != null && !typed.isEmpty()) fields.addProperty(field, typed);
            });
    return fields;
  }

  private static void write(String base64, Path file) {
    try {
      Files.write(file, Base64.getDecoder().decode(base64));
    } catch (IOException | IllegalArgumentException failed) {
      throw ExitCode.FAILED.failure(
          "cannot write the code to %s; name another file".formatted(file));
    }
  }

  @Command(description = "Disconnect a channel and keep its credentials")
  void disconnect(@Mixin ChannelArguments channel) {
    var call = Call.post(channel.path(api()) + "/disconnect").within(CONNECT_LIMIT);
    var _ = api().send(call);
    say("%s is disconnected.".formatted(channel.name()));
  }

  @Command(description = "Show whether a channel works now")
  void status(@Mixin ChannelArguments channel, @Mixin OutputFormat format) {
    var reply = api().send(Call.get(channel.path(api()) + "/status"));
    if (format.print(output(), reply.json())) return;
    var status = reply.as(ChannelStatus.getDefaultInstance());
    var fields =
        new Fields()
            .add("channel", status.getChannel())
            .add("enabled", status.getEnabled() ? "yes" : "no")
            .add("connected", status.getConnected() ? "yes" : "no");
    details(reply).forEach((field, value) -> fields.add(field.replace('_', ' '), text(value)));
    fields.print(output());
  }

  /** Returns the details as they were received, by their names. */
  private static Map<String, JsonElement> details(Reply reply) {
    return JsonParser.parseString(reply.json()) instanceof JsonObject status
            && status.get("details") instanceof JsonObject details
        ? new TreeMap<>(details.asMap())
        : Map.of();
  }

  private static String text(JsonElement value) {
    if (!(value instanceof JsonPrimitive primitive)) return value.toString();
    if (!primitive.isBoolean()) return primitive.getAsString();
    return primitive.getAsBoolean() ? "yes" : "no";
  }

  @Command(description = "List people who wait for approval")
  void pairings(@Mixin ChannelArguments channel, @Mixin OutputFormat format) {
    var reply = api().send(Call.get(channel.path(api()) + "/pairings"));
    if (format.print(output(), reply.json())) return;
    var table = new Table("ID", "SENDER", "DETAILS", "EXPIRES");
    for (var pairing : reply.as(ListPairingsResponse.getDefaultInstance()).getPairingsList()) {
      table.row(
          pairing.getId(),
          pairing.getSenderId(),
          pairing.getSenderMap().entrySet().stream()
              .map(detail -> detail.getKey() + "=" + detail.getValue())
              .collect(Collectors.joining(", ")),
          pairing.hasExpiresAt() ? Times.text(pairing.getExpiresAt()) : "");
    }
    table.print(output());
  }

  @Command(description = "Approve a person by their code, or by the id of pairings")
  void pair(
      @Mixin ChannelArguments channel,
      @Parameters(index = "2", paramLabel = "CODE", description = "the code, or with --id the id")
          String code,
      @Option(names = "--id", description = "it is an id of pairings") boolean isId,
      @Mixin OutputFormat format) {
    var request = Json.of(isId ? "pairing_id" : "code", code);
    var call = Call.post(channel.path(api()) + "/pair").json(request.toString());
    var reply = api().send(call);
    if (format.print(output(), reply.json())) return;
    say(reply.as(PairChannelResponse.getDefaultInstance()).getOutput());
  }

  private static String names(Map<String, String> fields) {
    return fields.keySet().stream().sorted().collect(Collectors.joining(", "));
  }
}
