package dev.chowder.installation.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.installation.site.StateDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests when a simulator starts and stops its process, with a simulated JVM. */
@Timeout(120)
class SimulatorTest {
  @TempDir private Path folder;
  private SimulatedJvm jvm;

  @BeforeEach
  void installTheSimulatedJvm() throws IOException {
    jvm = SimulatedJvm.in(folder);
    StateDirectory.ensure(jvm.site("first", Map.of()));
  }

  @AfterEach
  void stop() {
    simulator("first", Map.of()).stop();
  }

  @Test
  void aSimulatorIsKeptUntilItsCodeOrSettingsChange() throws IOException {
    assertStarts(1, "first", Map.of());
    assertStarts(1, "first", Map.of());
    assertStarts(1, "first", Map.of("CHOWDER_REST_PORT", "18080"));
    assertStarts(2, "second", Map.of());
    assertThat(jvm.ends()).containsExactly(jvm.starts().getFirst());
    assertStarts(3, "second", Map.of("CHOWDER_FAKE_BOOT_TIME", "5s"));
    assertStarts(3, "second", Map.of("CHOWDER_FAKE_BOOT_TIME", "5s"));
  }

  @Test
  void theFilesOfAKilledSimulatorDoNotCountAsOneThatServes() throws IOException {
    assertStarts(1, "first", Map.of());
    simulator("first", Map.of()).stop();
    var lock = folder.resolve("home/run/simulator.sock.lock");
    assertThat(lock).hasContent(jvm.starts().getFirst());
    assertThat(folder.resolve("home/run/simulator.sock")).exists();
    Files.createFile(folder.resolve("serves-never"));
    assertThatThrownBy(() -> simulator("first", Map.of("CHOWDER_START_SECONDS", "2")).ensure())
        .isInstanceOf(CommandException.class)
        .hasMessageStartingWith("cannot start simulator: no response within 2 s");
  }

  @Test
  void nodesGetItsSocket() {
    assertThat(simulator("first", Map.of()).variables())
        .isEqualTo(
            "CHOWDER_SANDBOX_ENGINE=remote CHOWDER_SANDBOX_SOCKET="
                + folder.resolve("home/run/simulator.sock"));
  }

  private void assertStarts(int number, String app, Map<String, String> variables)
      throws IOException {
    simulator(app, variables).ensure();
    assertThat(jvm.starts()).hasSize(number);
  }

  private Simulator simulator(String app, Map<String, String> variables) {
    return new Simulator(jvm.site(app, variables));
  }
}
