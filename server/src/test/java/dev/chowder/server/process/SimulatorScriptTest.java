package dev.chowder.server.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests when {@code scripts/lib/simulator.sh} starts and stops its process, with a simulated JVM.
 */
@Timeout(120)
class SimulatorScriptTest {
  private static final String SCRIPT =
      """
      set -euo pipefail
      for part in common settings process build simulator; do . "$1/$part.sh"; done
      home_ensure
      APP="$2"
      "$3"
      """;

  /** Records its process id, and says that it serves unless it must not. Its socket is a copy. */
  private static final String JAVA =
      """
      #!/bin/bash
      cd 'FOLDER' || exit 1
      echo $$ >>starts
      if [ ! -e serves-never ]; then
        ln -f socket "$CHOWDER_SANDBOX_SOCKET"
        printf %s $$ >"$CHOWDER_SANDBOX_SOCKET.lock"
      fi
      tail -f /dev/null &
      trap 'kill $!; echo $$ >>ends; exit 0' TERM
      wait
      """;

  @TempDir Path folder;

  private record Result(int exit, String output) {}

  @BeforeEach
  void installTheSimulatedJvm() throws IOException {
    Files.createDirectories(folder.resolve("java/bin"));
    var java = folder.resolve("java/bin/java");
    Files.writeString(java, JAVA.replace("FOLDER", folder.toString()));
    assertThat(java.toFile().setExecutable(true)).isTrue();
    try (var killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      killed.bind(UnixDomainSocketAddress.of(folder.resolve("socket")));
    }
  }

  @AfterEach
  void stop() throws Exception {
    simulator("simulator_stop", "first", Map.of());
  }

  @Test
  void aSimulatorIsKeptUntilItsCodeOrSettingsChange() throws Exception {
    assertStarts(1, "first", Map.of());
    assertStarts(1, "first", Map.of());
    assertStarts(1, "first", Map.of("CHOWDER_REST_PORT", "18080"));
    assertStarts(2, "second", Map.of());
    assertThat(lines("ends")).containsExactly(lines("starts").getFirst());
    assertStarts(3, "second", Map.of("CHOWDER_FAKE_BOOT_TIME", "5s"));
    assertStarts(3, "second", Map.of("CHOWDER_FAKE_BOOT_TIME", "5s"));
  }

  @Test
  void theFilesOfAKilledSimulatorDoNotCountAsOneThatServes() throws Exception {
    assertStarts(1, "first", Map.of());
    simulator("simulator_stop", "first", Map.of());
    var lock = folder.resolve("home/run/simulator.sock.lock");
    assertThat(lock).hasContent(lines("starts").getFirst());
    assertThat(folder.resolve("home/run/simulator.sock")).exists();
    Files.createFile(folder.resolve("serves-never"));
    var failed = simulator("simulator_ensure", "first", Map.of("CHOWDER_START_SECONDS", "2"));
    assertThat(failed.exit()).isNotZero();
    assertThat(failed.output()).contains("cannot start simulator: no response within 2 s");
  }

  @Test
  void downStopsTheSimulator() throws Exception {
    assertStarts(1, "first", Map.of());
    var down = run(List.of("../scripts/down"), Map.of("DOCKER_HOST", "unix:///nonexistent"));
    assertThat(down.exit()).as(down.output()).isZero();
    assertThat(lines("ends")).isEqualTo(lines("starts"));
  }

  private void assertStarts(int number, String app, Map<String, String> environment)
      throws Exception {
    var result = simulator("simulator_ensure", app, environment);
    assertThat(result.exit()).as(result.output()).isZero();
    assertThat(lines("starts")).hasSize(number);
  }

  private List<String> lines(String file) throws IOException {
    return Files.readAllLines(folder.resolve(file));
  }

  private Result simulator(String function, String app, Map<String, String> environment)
      throws Exception {
    var lib = Path.of("../scripts/lib").toRealPath().toString();
    var apps = folder.resolve(app).toString();
    return run(List.of("bash", "-c", SCRIPT, "simulator", lib, apps, function), environment);
  }

  private Result run(List<String> command, Map<String, String> environment) throws Exception {
    var output = folder.resolve("output");
    var builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().putAll(environment);
    builder.environment().put("CHOWDER_HOME", folder.resolve("home").toString());
    builder.environment().put("CHOWDER_CACHE", folder.resolve("cache").toString());
    builder.environment().put("JAVA_HOME", folder.resolve("java").toString());
    var process = builder.start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Result(process.exitValue(), Files.readString(output));
  }
}
