package dev.chowder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.StubServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests the process: its streams and its exit code. */
@Timeout(60)
class MainTest {
  @Test
  void theExitCodeIsThatOfTheCommand() throws Exception {
    var process = start("get");
    assertThat(process.errorReader().readAllLines()).singleElement().asString().contains("NAME");
    assertThat(exit(process)).isEqualTo(ExitCode.USAGE.number());
  }

  @Test
  void aProcessWhoseReaderEndsPrintsNothing() throws Exception {
    var process = start("--help");
    process.getInputStream().close();
    assertThat(process.errorReader().readAllLines()).isEmpty();
    assertThat(exit(process)).isEqualTo(ExitCode.OUTPUT_CLOSED.number());
  }

  @Test
  void anInterruptedProcessHasTheExitCodeOfTheSignal() throws Exception {
    var process = start("context", "add", "a", "https://a.example.com");
    // It waits for the key, because standard input never ends.
    interrupt(process);
    assertThat(exit(process)).isEqualTo(ExitCode.INTERRUPTED.number());
  }

  @Test
  void anInterruptedWaitSaysThatTheOperationGoesOn() throws Exception {
    try (var server = StubServer.start()) {
      server
          .answers(
              201,
              "{\"id\": \"%s\", \"name\": \"a\", \"status\": \"provisioning\", \"desired_status\": \"running\"}"
                  .formatted(UUID.randomUUID()))
          .neverAnswers();
      var process = start(server, "create", "a");
      var errors = process.errorReader();
      assertThat(errors.readLine()).contains("provisioning");
      interrupt(process);
      assertThat(errors.readAllLines()).singleElement().asString().contains("a goes on");
      assertThat(exit(process)).isEqualTo(ExitCode.INTERRUPTED.number());
    }
  }

  @Test
  void anInterruptedDownloadLeavesNoFile(@TempDir Path folder) throws Exception {
    try (var server = StubServer.start()) {
      server.stalls("half");
      var file = folder.resolve("a.txt").toString();
      var process = start(server, "files", "get", UUID.randomUUID().toString(), "a.txt", file);
      await(() -> hasContent(folder));
      interrupt(process);
      assertThat(process.errorReader().readAllLines()).isEmpty();
      assertThat(exit(process)).isEqualTo(ExitCode.INTERRUPTED.number());
      assertThat(folder).isEmptyDirectory();
    }
  }

  private static boolean hasContent(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.anyMatch(file -> file.toFile().length() > 0);
    }
  }

  /** A condition. */
  private interface Condition {
    boolean holds() throws IOException;
  }

  private static void await(Condition condition) throws Exception {
    long deadline = System.nanoTime() + 30_000_000_000L;
    while (!condition.holds()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(10);
    }
  }

  private static void interrupt(Process process) throws Exception {
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
  }

  @Test
  void theTrainingRunRunsAllItsCommands() throws Exception {
    var process = startClass(AotTrainingRun.class);
    assertThat(process.errorReader().readAllLines()).isEmpty();
    assertThat(exit(process)).isZero();
  }

  private static Process start(String... arguments) throws Exception {
    return startClass(Main.class, arguments);
  }

  /** Starts a command that calls a server. */
  private static Process start(StubServer server, String... arguments) throws Exception {
    var builder = builder(Main.class, arguments);
    builder.environment().put("CHOWDER_URL", server.url().toString());
    builder.environment().put("CHOWDER_KEY", "k");
    return builder.start();
  }

  private static Process startClass(Class<?> main, String... arguments) throws Exception {
    return builder(main, arguments).start();
  }

  private static ProcessBuilder builder(Class<?> main, String... arguments) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command);
  }

  private static int exit(Process process) throws InterruptedException {
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }
}
