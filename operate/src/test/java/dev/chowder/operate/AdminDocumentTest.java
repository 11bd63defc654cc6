package dev.chowder.operate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.command.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Checks that {@code docs/ADMIN.md} has all commands, and that those of the documents exist. */
class AdminDocumentTest {
  private static final Path DOCUMENTS = Path.of("../docs");
  private static final Pattern COMMANDS = Pattern.compile("(?m)^\\| (`[a-z].*?) \\|");
  private static final Pattern FIRST = Pattern.compile("^`([a-z-]+)[ `]");
  private static final Pattern SUBCOMMAND = Pattern.compile("([a-z-]+)`");
  private static final Pattern CALL =
      Pattern.compile("(?m)^(?:[A-Z_]+=\\S+ )*chowder admin ([^#\n]+)");

  @Test
  void commandsAreDocumented() throws IOException {
    var commands =
        new TreeMap<>(
            Objects.requireNonNull(commandLine().getSubcommands().get("admin")).getSubcommands());
    for (var row : all(COMMANDS, Files.readString(DOCUMENTS.resolve("ADMIN.md")))) {
      var name = all(FIRST, row.group(1)).getFirst().group(1);
      var command = Objects.requireNonNull(commands.remove(name), row.group());
      if (!command.getSubcommands().isEmpty()) {
        assertThat(all(SUBCOMMAND, row.group(1)).stream().map(word -> word.group(1)))
            .as(row.group())
            .containsExactlyInAnyOrderElementsOf(command.getSubcommands().keySet());
      }
    }
    assertThat(commands).as("commands that are not documented").isEmpty();
  }

  @Test
  void commandsOfTheDocumentsAreValid() throws IOException {
    var calls = calls();
    assertThat(calls).hasSizeGreaterThan(15);
    for (var call : calls) {
      var arguments =
          all(Pattern.compile("'[^']*'|\\S+"), "admin " + call.strip()).stream()
              .map(word -> word.group().replace("'", ""))
              .toList();
      // Parses the arguments and runs nothing. It fails if one is unknown or missing.
      assertThat(commandLine().parseArgs(arguments.toArray(String[]::new)).errors())
          .as(call)
          .isEmpty();
    }
  }

  private static List<String> calls() throws IOException {
    try (Stream<Path> files = Files.walk(DOCUMENTS)) {
      var calls =
          files
              .filter(file -> file.toString().endsWith(".md"))
              .flatMap(file -> all(CALL, text(file)).stream())
              .map(call -> call.group(1))
              .toList();
      return calls;
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException why) {
      throw new AssertionError(why);
    }
  }

  private static List<MatchResult> all(Pattern pattern, String text) {
    return pattern.matcher(text).results().toList();
  }

  private static CommandLine commandLine() {
    return new Commands().all(Ran.invocation(Environment.silent(Map.of()), Map.of()));
  }
}
