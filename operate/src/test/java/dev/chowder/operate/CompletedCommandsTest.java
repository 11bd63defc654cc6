package dev.chowder.operate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.LocalCommands;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Tests that shells complete exactly the commands of operators, and options of up and down. */
class CompletedCommandsTest {
  private final Map<String, CommandLine> completed = LocalCommands.all();
  private final Map<String, CommandLine> commands =
      new Commands().all(Ran.invocation(Environment.silent(Map.of()), Map.of())).getSubcommands();

  @Test
  void shellsCompleteTheCommandsOfOperators() {
    assertThat(verbs(completed)).isEqualTo(verbs(commands)).hasSizeGreaterThan(15);
  }

  @Test
  void shellsCompleteTheOptionsOfUpAndDown() {
    for (var name : Set.of("up", "down")) {
      var options = options(commands, name);
      // Every command has these, and shells complete them for each.
      options.removeAll(Set.of("-h", "--help", "-V", "--version"));
      assertThat(options(completed, name)).as(name).isEqualTo(options).isNotEmpty();
    }
  }

  private static Map<String, Set<String>> verbs(Map<String, CommandLine> all) {
    var verbs = new TreeMap<String, Set<String>>();
    Objects.requireNonNull(all.get("admin"))
        .getSubcommands()
        .forEach((name, noun) -> verbs.put(name, noun.getSubcommands().keySet()));
    return verbs;
  }

  private static Set<String> options(Map<String, CommandLine> all, String name) {
    var names = new TreeSet<String>();
    for (var option : Objects.requireNonNull(all.get(name)).getCommandSpec().options()) {
      names.addAll(Set.of(option.names()));
      if (option.negatable()) names.add(option.longestName().replaceFirst("--", "--no-"));
    }
    return names;
  }
}
