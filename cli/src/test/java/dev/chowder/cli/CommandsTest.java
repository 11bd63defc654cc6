package dev.chowder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Invocation;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "ls",
        "ls -o json",
        "--context stop ls",
        "--context=stop ls",
        "ls --context stop",
        "ls get"
      })
  void onlyTheNamedCommandIsCreated(String arguments) {
    assertThat(created(arguments)).containsExactlyInAnyOrder("ls", "list", "ps");
  }

  @Test
  void aliasesCreateOnlyTheirCommand() {
    assertThat(created("ps")).containsExactlyInAnyOrder("ls", "list", "ps");
    assertThat(created("status my-agent")).containsExactlyInAnyOrder("get", "status");
    assertThat(created("delete my-agent")).containsExactlyInAnyOrder("rm", "delete");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "help",
        "help ls",
        "--help",
        "-h",
        "lss",
        "--context ls",
        "--context a --help",
        "completion bash",
        "-Vh",
        "--"
      })
  void othersNeedAllCommands(String arguments) {
    assertThat(created(arguments)).hasSizeGreaterThan(15).contains("ls", "completion");
  }

  @Test
  void theVersionNeedsNoCommand() {
    assertThat(created("--version")).isEmpty();
    assertThat(created("-V")).isEmpty();
  }

  private static Set<String> created(String arguments) {
    var environment = Environment.silent(Map.of());
    return new Commands()
        .neededBy(new Invocation(environment), List.of(arguments.split(" ")))
        .getSubcommands()
        .keySet();
  }
}
