package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.process.ServerCommand;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class MainTest {
  @TempDir Path home;

  /** A script for an earlier version may have some, which were commands of operators. */
  @Test
  @Timeout(60)
  void aNodeWithArgumentsDoesNotStart() throws Exception {
    var command = new ArrayList<>(ServerCommand.of(List.of()));
    command.addAll(List.of("backup", "secret-argument"));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().put("CHOWDER_HOME", home.toString());
    var process = builder.start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(said).isEqualTo(1);
    assertThat(said)
        .contains("arguments: must be none; \"chowder admin\" has the commands of operators")
        .doesNotContain("secret-argument", "Exception");
    assertThat(home).isEmptyDirectory();
  }
}
