package dev.chowder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.failure.ExitCode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    assertThat(exit(process)).isEqualTo(ExitCode.INTERRUPTED.number());
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

  private static Process startClass(Class<?> main, String... arguments) throws Exception {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).start();
  }

  private static int exit(Process process) throws InterruptedException {
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }
}
