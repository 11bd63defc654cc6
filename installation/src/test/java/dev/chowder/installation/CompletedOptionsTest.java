package dev.chowder.installation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.LocalCommands;
import dev.chowder.installation.site.TestSite;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Tests that shells complete exactly the options of {@code up} and {@code down}. */
class CompletedOptionsTest {
  @TempDir private Path folder;

  @Test
  void shellsCompleteTheOptionsOfUpAndDown() {
    var environment = Environment.silent(Map.of());
    var site = TestSite.in(folder, Map.of()).site();
    assertThat(completed("up"))
        .isEqualTo(options(new CommandLine(new UpCommand(site, environment))));
    assertThat(completed("down")).isEqualTo(options(new CommandLine(new DownCommand(site))));
  }

  private static Set<String> completed(String command) {
    return options(Objects.requireNonNull(LocalCommands.all().get(command)));
  }

  private static Set<String> options(CommandLine line) {
    var names = new TreeSet<String>();
    for (var option : line.getCommandSpec().options()) {
      names.addAll(Set.of(option.names()));
      if (option.negatable()) names.add(option.longestName().replaceFirst("--", "--no-"));
    }
    return names;
  }
}
