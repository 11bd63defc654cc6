package dev.chowder.cli.key;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.chowder.api.v1.Key;
import dev.chowder.api.v1.KeyInstance;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Candidates;
import dev.chowder.cli.command.Limits;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.instance.InstanceNames;
import dev.chowder.cli.output.Fields;
import dev.chowder.cli.output.Table;
import dev.chowder.cli.output.Times;
import dev.chowder.client.Call;
import dev.chowder.client.Paged;
import dev.chowder.client.Reply;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code keys}: gives others access to some instances. */
@Command(name = "keys", description = "Create, list and revoke scoped keys")
public final class KeysCommand extends ApiCommand {
  /** A permission, as the API writes it. */
  enum Permission {
    read,
    interact,
    configure,
    files,
    channels
  }

  private static final String ALL = "/v1/keys";

  @Command(description = "Create a key and print it; it is shown only once")
  void create(
      @Parameters(paramLabel = "NAME", description = "name of the new key") String name,
      @Option(
              names = {"-i", "--instance"},
              paramLabel = "INSTANCE",
              completionCandidates = Candidates.Instances.class,
              required = true,
              description = "id or name of an instance that it gives access to; can be repeated")
          List<String> instances,
      @Option(
              names = {"-p", "--permission"},
              paramLabel = "PERMISSION",
              required = true,
              split = ",",
              description = "read, interact, configure, files or channels; can be repeated")
          List<Permission> permissions,
      @Option(
              names = "--expires",
              paramLabel = "TIME",
              description = "time until it expires, such as 12h; without it, it does not expire")
          @Nullable Duration expires,
      @Option(
              names = "--session-prefix",
              paramLabel = "TEXT",
              description = "only sessions whose id begins with it")
          @Nullable String sessionPrefix,
      @Mixin OutputFormat format) {
    var request = new JsonObject();
    request.addProperty("name", name);
    request.add(
        "instance_ids",
        array(instances.stream().map(one -> InstanceNames.id(api(), one)).toList()));
    request.add("permissions", array(permissions.stream().map(Enum::name).toList()));
    if (expires != null) {
      request.addProperty("expires_at", Instant.now().plus(expires).toString());
    }
    if (sessionPrefix != null) request.addProperty("session_prefix", sessionPrefix);
    var reply = api().send(Call.post(ALL).json(request.toString()));
    if (format.print(output(), reply.json())) return;
    var key = reply.as(Key.getDefaultInstance());
    print(key.getRawKey());
    say("Key %s is shown only once.".formatted(key.getId()));
  }

  private static JsonArray array(List<String> texts) {
    var array = new JsonArray();
    texts.forEach(array::add);
    return array;
  }

  @Command(name = "ls", description = "List keys, newest first; they are never shown again")
  void list(
      @Option(
              names = "--limit",
              paramLabel = "NUMBER",
              defaultValue = "1000",
              description = "most keys to list (default: 1000)")
          int limit,
      @Mixin OutputFormat format) {
    Limits.check("--limit", limit);
    var keys = Paged.read(api(), Call.get(ALL), "keys", limit);
    if (format.print(output(), keys.json())) return;
    var table = new Table("NAME", "PREFIX", "STATUS", "INSTANCES", "PERMISSIONS", "USED", "ID");
    for (var key : keys.as(Key.getDefaultInstance())) {
      table.row(
          key.getName(),
          key.getKeyPrefix(),
          key.getIsActive() ? "active" : "ended",
          Integer.toString(key.getInstancesCount()),
          permissions(key),
          key.hasLastUsedAt() ? Times.text(key.getLastUsedAt()) : "",
          key.getId());
    }
    table.print(output());
  }

  @Command(description = "Show a key without its value")
  void get(
      @Parameters(paramLabel = "ID", description = "id of a key") String id,
      @Mixin OutputFormat format) {
    Reply reply = api().send(Call.get(ALL + "/" + Call.segment(id)));
    if (format.print(output(), reply.json())) return;
    var key = reply.as(Key.getDefaultInstance());
    new Fields()
        .add("name", key.getName())
        .add("id", key.getId())
        .add("prefix", key.getKeyPrefix())
        .add("status", key.getIsActive() ? "active" : "ended")
        .add("permissions", permissions(key))
        .add("session prefix", key.getSessionPrefix())
        .add("created", key.hasCreatedAt() ? Times.text(key.getCreatedAt()) : "")
        .add("expires", key.hasExpiresAt() ? Times.text(key.getExpiresAt()) : "")
        .add("used", key.hasLastUsedAt() ? Times.text(key.getLastUsedAt()) : "")
        .add(
            "instances",
            key.getInstancesList().stream()
                .map(KeyInstance::getInstanceId)
                .collect(Collectors.joining(", ")))
        .print(output());
  }

  @Command(name = "rm", description = "Revoke keys; all nodes reject them within a second")
  void revoke(
      @Parameters(paramLabel = "ID", arity = "1..*", description = "ids of keys")
          List<String> ids) {
    for (var id : ids) {
      var _ = api().send(Call.delete(ALL + "/" + Call.segment(id)));
      say("Key %s is revoked.".formatted(id));
    }
  }

  private static String permissions(Key key) {
    return key.getInstancesList().stream()
        .flatMap(instance -> instance.getPermissionsList().stream())
        .map(Enum::name)
        .distinct()
        .collect(Collectors.joining(","));
  }
}
