package dev.chowder.cli.command;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Writes the completion script of fish, which picocli does not have. */
final class FishCompletion {
  private FishCompletion() {}

  static String script(CommandSpec root) {
    var lines = new ArrayList<String>();
    lines.add("# Completion of chowder for fish.");
    lines.add("complete -c %s -f".formatted(root.name()));
    add(root, List.of(), lines);
    return String.join("\n", lines) + "\n";
  }

  private static void add(CommandSpec command, List<String> path, List<String> lines) {
    var condition = condition(command, path);
    var prefix = "complete -c %s -n '%s'".formatted(command.root().name(), condition);
    var subcommands = new LinkedHashMap<>(command.subcommands());
    subcommands.values().removeIf(line -> line.getCommandSpec().usageMessage().hidden());
    subcommands.forEach(
        (name, line) -> {
          var about = description(line.getCommandSpec().usageMessage().description());
          lines.add("%s -a %s%s".formatted(prefix, name, about));
        });
    for (var option : command.options()) lines.add(prefix + option(option));
    for (var parameter : command.positionalParameters()) {
      var values = candidates(parameter);
      if (!values.isEmpty()) lines.add("%s -a '%s'".formatted(prefix, values));
    }
    subcommands.forEach(
        (name, line) -> {
          var below = new ArrayList<>(path);
          below.add(name);
          add(line.getCommandSpec(), below, lines);
        });
  }

  /** Returns when fish offers what belongs to a command: after its words, before deeper ones. */
  private static String condition(CommandSpec command, List<String> path) {
    var deeper = String.join(" ", command.subcommands().keySet());
    if (path.isEmpty()) return "__fish_use_subcommand";
    var seen =
        path.stream()
            .map("__fish_seen_subcommand_from %s"::formatted)
            .collect(Collectors.joining("; and "));
    return deeper.isEmpty() ? seen : seen + "; and not __fish_seen_subcommand_from " + deeper;
  }

  private static String option(OptionSpec option) {
    var text = new StringBuilder();
    for (var name : option.names()) {
      text.append(name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1));
    }
    if (option.arity().max() > 0) {
      var values = candidates(option);
      text.append(values.isEmpty() ? " -r" : " -x -a '" + values + "'");
    }
    return text.append(description(option.description())).toString();
  }

  private static String candidates(ArgSpec argument) {
    var candidates = argument.completionCandidates();
    if (candidates instanceof Candidates.Dynamic dynamic) {
      return "(command chowder complete %s -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)"
          .formatted(dynamic.kind());
    }
    return candidates == null
        ? ""
        : StreamSupport.stream(candidates.spliterator(), false).collect(Collectors.joining(" "));
  }

  private static String description(String[] lines) {
    return lines.length == 0
        ? ""
        : " -d '" + lines[0].replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
