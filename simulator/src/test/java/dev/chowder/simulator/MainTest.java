package dev.chowder.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests that the process of a simulator leaves no files. */
@Timeout(120)
class MainTest {
  @TempDir Path folder;
  private Path socket;
  private Path temporary;

  @BeforeEach
  void createFolders() throws IOException {
    socket = folder.resolve("engine.sock");
    temporary = Files.createDirectory(folder.resolve("temporary"));
  }

  @Test
  void aSimulatorThatCannotServeLeavesNoSandboxes() throws Exception {
    Files.writeString(socket, "no socket");
    var simulator = start();
    var output = new String(simulator.getInputStream().readAllBytes(), UTF_8);
    assertThat(simulator.waitFor()).isEqualTo(1);
    assertThat(output).contains("cannot serve " + socket + ": it is not a socket");
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void sigtermEndsASimulatorThatServesAndItsSandboxesAreRemoved() throws Exception {
    var simulator = start();
    try {
      Await.until(() -> Files.exists(socket));
      assertThat(temporary).isNotEmptyDirectory();
      simulator.destroy();
      simulator.waitFor();
      assertThat(socket).doesNotExist();
      assertThat(temporary).isEmptyDirectory();
    } finally {
      simulator.destroyForcibly();
    }
  }

  private Process start() throws IOException {
    var builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + temporary,
                // The default is java.io.tmpdir, where the library of a killed process would stay.
                "-Dio.grpc.netty.shaded.io.netty.native.workdir=" + folder,
                "-cp",
                Objects.requireNonNull(System.getProperty("java.class.path")),
                Main.class.getName())
            .redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().put("CHOWDER_SANDBOX_SOCKET", socket.toString());
    return builder.start();
  }
}
