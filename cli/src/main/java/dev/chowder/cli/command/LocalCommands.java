package dev.chowder.cli.command;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The commands for an installation on this machine, as far as completion needs them. Another
 * program runs them, whose classes this one does not have, so tests compare both.
 */
public final class LocalCommands {
  private static final Map<String, List<String>> ADMIN =
      Map.ofEntries(
          Map.entry(
              "organizations",
              List.of(
                  "ls",
                  "create",
                  "delete",
                  "suspend",
                  "resume",
                  "set-tier",
                  "new-key",
                  "revoke-keys")),
          Map.entry("instances", List.of("stop", "recover")),
          Map.entry("effects", List.of("ls")),
          Map.entry("reconciler", List.of("get", "release")),
          Map.entry("sandboxes", List.of("rm")),
          Map.entry("host-ports", List.of("ls", "open", "close")),
          Map.entry("hosts", List.of("ls", "rebind", "unbind")),
          Map.entry("nodes", List.of("ls", "drain")),
          Map.entry("audit", List.of("ls")),
          Map.entry("rows", List.of("rebuild")),
          Map.entry("master-key", List.of("rotate")),
          Map.entry("backup", List.of()),
          Map.entry("restore", List.of()),
          Map.entry("migrate", List.of()),
          Map.entry("move-to-postgresql", List.of()),
          Map.entry("envoy-config", List.of()),
          Map.entry("call", List.of()));

  private LocalCommands() {}

  /** Returns the commands by name. */
  public static Map<String, CommandLine> all() {
    var commands = new LinkedHashMap<String, CommandLine>();
    commands.put(
        "up",
        command(
            "Start an installation on this machine",
            List.of("--at-boot", "--new-key", "--zram", "--no-zram"),
            List.of("--nodes", "--swap-file")));
    commands.put(
        "down",
        command(
            "Stop the installation on this machine",
            List.of("--purge", "--keep-cache"),
            List.of()));
    commands.put("admin", admin());
    return commands;
  }

  private static CommandLine admin() {
    var admin = command("Operate the installation on this machine", List.of(), List.of());
    new TreeMap<>(ADMIN)
        .forEach(
            (name, verbs) -> {
              var noun = command("", List.of(), List.of());
              for (var verb : verbs) noun.addSubcommand(verb, command("", List.of(), List.of()));
              admin.addSubcommand(name, noun);
            });
    return admin;
  }

  /**
   * Creates a command.
   *
   * @param flags options without a value
   * @param options options with a value
   */
  private static CommandLine command(String description, List<String> flags, List<String> options) {
    var spec = CommandSpec.create();
    spec.usageMessage().description(description);
    for (var flag : flags) spec.addOption(OptionSpec.builder(flag).build());
    for (var option : options) {
      spec.addOption(OptionSpec.builder(option).type(String.class).arity("1").build());
    }
    return new CommandLine(spec);
  }
}
