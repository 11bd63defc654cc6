package dev.chowder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Invocation;
import dev.chowder.cli.command.Terminals;
import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Checks that {@code docs/CLI.md} has all commands and exit codes, and only existing options. */
class CliDocumentTest {
  private static final Pattern ROW = Pattern.compile("(?m)^\\| (\\d+) \\| (.+) \\|$");
  private static final Pattern COMMANDS = Pattern.compile("(?m)^\\| (`[a-z].*?) \\|");
  private static final Pattern WORD = Pattern.compile("`([a-z-]+)[ `]");
  private static final Pattern SUBCOMMAND = Pattern.compile("([a-z-]+)`");
  private static final Pattern CALL = Pattern.compile("(?m)^chowder ([^#\n]+)");

  @Test
  void exitCodesAreDocumented() throws IOException {
    assertThat(all(ROW, document()).stream().map(row -> row.group(1) + " " + row.group(2)))
        .containsExactlyElementsOf(
            Arrays.stream(ExitCode.values())
                .map(code -> code.number() + " " + code.meaning())
                .toList());
  }

  @Test
  void commandsAreDocumented() throws IOException {
    var commands = new TreeMap<>(commandLine().getSubcommands());
    commands.values().removeIf(line -> line.getCommandSpec().usageMessage().hidden());
    commands.entrySet().removeIf(one -> isAlias(one.getKey(), one.getValue()));
    for (var row : all(COMMANDS, document())) {
      var words = all(WORD, row.group(1)).stream().map(word -> word.group(1)).toList();
      var first = Objects.requireNonNull(commands.remove(words.getFirst()), row.group());
      if (first.getSubcommands().isEmpty()) {
        for (var more : words.subList(1, words.size())) {
          assertThat(commands.remove(more)).as(more).isNotNull();
        }
      } else {
        // The name of a group is followed by the names of its commands.
        assertThat(all(SUBCOMMAND, row.group(1)).stream().map(word -> word.group(1)))
            .as(row.group())
            .containsExactlyInAnyOrderElementsOf(first.getSubcommands().keySet());
      }
    }
    assertThat(commands).as("commands that are not documented").isEmpty();
  }

  @Test
  void commandsOfTheDocumentAreValid() throws IOException {
    var calls = all(CALL, document());
    assertThat(calls).hasSizeGreaterThan(8);
    for (var call : calls) {
      var arguments = call.group(1).replaceAll("[|>].*", "").replace("\"", "").strip().split(" +");
      // Parses the arguments and runs nothing. It fails if one is unknown or missing.
      assertThat(commandLine().parseArgs(arguments).errors()).as(call.group()).isEmpty();
    }
  }

  private static boolean isAlias(String name, CommandLine line) {
    return List.of(line.getCommandSpec().aliases()).contains(name);
  }

  private static List<MatchResult> all(Pattern pattern, String text) {
    return pattern.matcher(text).results().toList();
  }

  private static String document() throws IOException {
    return Files.readString(Path.of("../docs/CLI.md"));
  }

  private static CommandLine commandLine() {
    return new Commands()
        .all(
            new Invocation(
                new Environment(
                    Map.of(),
                    InputStream.nullInputStream(),
                    OutputStream.nullOutputStream(),
                    OutputStream.nullOutputStream(),
                    Terminals.of(""))));
  }
}
