package dev.chowder.cli.skill;

import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.chowder.api.v1.InstallSkillResponse;
import dev.chowder.api.v1.Skill;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Json;
import dev.chowder.cli.command.JsonInput;
import dev.chowder.cli.command.Limits;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.instance.InstanceArgument;
import dev.chowder.cli.output.Fields;
import dev.chowder.cli.output.Table;
import dev.chowder.client.Call;
import dev.chowder.client.Paged;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code skills}. */
@Command(
    name = "skills",
    description = "List, install, configure and uninstall the skills of an agent")
public final class SkillsCommand extends ApiCommand {
  /** Longer than Envoy waits for an installation. */
  private static final Duration INSTALL_LIMIT = Duration.ofSeconds(150);

  /** More than the API accepts by default. A larger skill can be written as files. */
  private static final int MAX_ARCHIVE = 16 << 20;

  @Command(name = "ls", description = "List skills by name")
  void list(
      @Mixin InstanceArgument instance,
      @Option(names = "--ready", description = "only skills that the agent can use now")
          boolean ready,
      @Mixin OutputFormat format) {
    var call = Call.get(path(instance));
    if (ready) call = call.with("eligible_only", "true");
    var skills = Paged.read(api(), call, "skills", Limits.MAX);
    if (format.print(output(), skills.json())) return;
    var table = new Table("NAME", "READY", "ENABLED", "SOURCE", "MISSING");
    for (var skill : skills.as(Skill.getDefaultInstance())) {
      table.row(
          skill.getName(),
          yes(skill.getReady()),
          yes(skill.getEnabled()),
          skill.getSource(),
          String.join(", ", skill.getMissingList()));
    }
    table.print(output());
  }

  @Command(description = "Show a skill")
  void get(
      @Mixin InstanceArgument instance,
      @Parameters(index = "1", paramLabel = "SKILL", description = "name of the skill")
          String skillName,
      @Mixin OutputFormat format) {
    var reply = api().send(Call.get(path(instance, skillName)));
    if (format.print(output(), reply.json())) return;
    var skill = reply.as(Skill.getDefaultInstance());
    new Fields()
        .add("name", skill.getName())
        .add("description", skill.getDescription())
        .add("source", skill.getSource())
        .add("version", skill.getVersion())
        .add("path", skill.getPath())
        .add("ready", yes(skill.getReady()))
        .add("enabled", yes(skill.getEnabled()))
        .add("needs", String.join(", ", skill.getRequiredEnvList()))
        .add("missing", String.join(", ", skill.getMissingList()))
        .add("api key in", skill.getApiKeyEnv())
        .print(output());
  }

  @Command(description = "Install a skill from ClawHub or from an archive")
  void install(
      @Mixin InstanceArgument instance,
      @Parameters(
              index = "1",
              paramLabel = "SLUG",
              description = "name or @owner/name at ClawHub; of an archive, the name of its folder")
          String slug,
      @Option(names = "--archive", paramLabel = "FILE", description = "zip with the skill")
          @Nullable Path archive,
      @Option(
              names = "--version-of-skill",
              paramLabel = "VERSION",
              description = "version at ClawHub (default: the latest)")
          @Nullable String version,
      @Option(names = "--overwrite", description = "replace an existing skill") boolean overwrite,
      @Mixin OutputFormat format) {
    var request = new JsonObject();
    request.addProperty("slug", slug);
    if (archive != null) request.addProperty("archive", base64(archive));
    if (version != null) request.addProperty("version", version);
    if (overwrite) request.addProperty("overwrite", true);
    var call =
        Call.post(path(instance) + "/install").json(request.toString()).within(INSTALL_LIMIT);
    show(
        call,
        format,
        InstallSkillResponse.getDefaultInstance(),
        installed -> say(installed.getMessage()));
  }

  @Command(
      description =
          "Configure a skill with a JSON object of the fields enabled, api_key, env, config",
      footer = {
        "",
        "Example: echo '{\"env\": {\"KEY\": \"value\"}}' | chowder skills configure a s"
      })
  void configure(
      @Mixin InstanceArgument instance,
      @Parameters(index = "1", paramLabel = "SKILL", description = "name of the skill")
          String skillName,
      @Option(
              names = "--from",
              paramLabel = "FILE",
              defaultValue = "-",
              description = "file with the JSON (default: standard input)")
          String file) {
    // From a file, because it has secrets, which arguments would show to other users.
    update(instance, skillName, JsonInput.read(invocation(), "--from", file));
  }

  @Command(description = "Let the agent use a skill")
  void enable(
      @Mixin InstanceArgument instance,
      @Parameters(index = "1", paramLabel = "SKILL", description = "name of the skill")
          String skillName) {
    setEnabled(instance, skillName, true);
  }

  @Command(description = "Do not let the agent use a skill")
  void disable(
      @Mixin InstanceArgument instance,
      @Parameters(index = "1", paramLabel = "SKILL", description = "name of the skill")
          String skillName) {
    setEnabled(instance, skillName, false);
  }

  @Command(name = "rm", description = "Uninstall a skill with its configuration")
  void remove(
      @Mixin InstanceArgument instance,
      @Parameters(index = "1", paramLabel = "SKILL", description = "name of the skill")
          String skillName) {
    var _ = api().send(Call.delete(path(instance, skillName)));
    say("%s is uninstalled.".formatted(skillName));
  }

  private void setEnabled(InstanceArgument instance, String skillName, boolean enabled) {
    update(instance, skillName, Json.of("enabled", new JsonPrimitive(enabled)));
  }

  private void update(InstanceArgument instance, String skillName, JsonObject request) {
    var call = Call.again("PATCH", path(instance, skillName)).json(request.toString());
    var _ = api().send(call);
    say("%s is changed from the next message.".formatted(skillName));
  }

  private String path(InstanceArgument instance) {
    return instance.path(api()) + "/skills";
  }

  private String path(InstanceArgument instance, String skillName) {
    return path(instance) + "/" + Call.segment(skillName);
  }

  private static String yes(boolean value) {
    return value ? "yes" : "no";
  }

  private static String base64(Path archive) {
    try (var stream = Files.newInputStream(archive)) {
      var bytes = stream.readNBytes(MAX_ARCHIVE + 1);
      if (bytes.length <= MAX_ARCHIVE) return Base64.getEncoder().encodeToString(bytes);
    } catch (IOException unreadable) {
      throw wrong(archive);
    }
    throw wrong(archive);
  }

  private static CommandException wrong(Path archive) {
    return ExitCode.USAGE.failure(
        "--archive: must be a readable zip of at most 16 MiB; got %s; write a larger skill with \"chowder files put\""
            .formatted(archive));
  }
}
