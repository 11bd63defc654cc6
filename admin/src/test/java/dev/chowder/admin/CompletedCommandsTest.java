package dev.chowder.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.admin.command.Invocation;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.LocalCommands;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Tests that shells complete exactly the commands of operators. */
class CompletedCommandsTest {
  @Test
  void shellsCompleteTheCommandsOfOperators() {
    var environment = Environment.silent(Map.of());
    var invocation = new Invocation(environment, ConfigFactory::empty);
    var completed = Objects.requireNonNull(LocalCommands.all().get("admin"));
    assertThat(verbs(completed)).isEqualTo(verbs(new Commands().all(invocation)));
  }

  private static Map<String, Set<String>> verbs(CommandLine line) {
    var verbs = new TreeMap<String, Set<String>>();
    line.getSubcommands().forEach((name, noun) -> verbs.put(name, noun.getSubcommands().keySet()));
    return verbs;
  }
}
