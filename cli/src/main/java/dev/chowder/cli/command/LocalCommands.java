package dev.chowder.cli.command;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The commands for an installation on this machine, as far as completion needs them. Another
 * program runs them, whose classes this one does not have, so tests compare both.
 */
public final class LocalCommands {
  /** Each line is a command of operators with its subcommands. */
  private static final String ADMIN =
      """
      organizations ls create delete suspend resume set-tier new-key revoke-keys
      instances ls stop recover
      effects ls
      reconciler get release
      sandboxes rm
      host-ports ls open close
      hosts ls rebind unbind
      nodes ls drain
      audit ls
      rows rebuild
      master-key rotate
      backup
      restore
      migrate
      move-to-postgresql
      envoy-config
      call
      """;

  private LocalCommands() {}

  /** Returns the commands by name. */
  public static Map<String, CommandLine> all() {
    var commands = new LinkedHashMap<String, CommandLine>();
    var optionsOfUp = "--at-boot --new-key --zram --no-zram --nodes= --swap-file=";
    commands.put("up", command("Start an installation on this machine", optionsOfUp));
    commands.put("down", command("Stop the installation on this machine", "--purge --keep-cache"));
    commands.put("admin", admin());
    return commands;
  }

  private static CommandLine admin() {
    var admin = command("Operate the installation on this machine", "");
    for (var line : ADMIN.lines().sorted().toList()) {
      var words = List.of(line.split(" ", -1));
      var noun = command("", "");
      words.stream().skip(1).forEach(verb -> noun.addSubcommand(verb, command("", "")));
      admin.addSubcommand(words.getFirst(), noun);
    }
    return admin;
  }

  /** Creates a command. An option that ends with an equals sign takes a value. */
  private static CommandLine command(String description, String options) {
    var spec = CommandSpec.create();
    spec.usageMessage().description(description);
    for (var name : options.isEmpty() ? new String[0] : options.split(" ", -1)) {
      var option = OptionSpec.builder(name.replace("=", ""));
      if (name.endsWith("=")) option.type(String.class).arity("1");
      spec.addOption(option.build());
    }
    return new CommandLine(spec);
  }
}
