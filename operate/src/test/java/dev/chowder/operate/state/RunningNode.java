package dev.chowder.operate.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A process that looks like a node of {@code scripts/up}, with its files. */
public final class RunningNode implements AutoCloseable {
  private final Process process;

  private RunningNode(Process process) {
    this.process = process;
  }

  /**
   * Starts a process.
   *
   * @param file such as {@code server.pid}
   * @param words what its command line begins with
   */
  public static RunningNode start(Path home, String file, String words) throws IOException {
    var run = Files.createDirectories(home.resolve("run"));
    var process =
        new ProcessBuilder("bash", "-c", "exec -a \"$0\" sh -c 'echo started; read line'", words)
            .start();
    // Its command line changes when the second program begins.
    assertThat(process.inputReader().readLine()).isEqualTo("started");
    Files.writeString(run.resolve(file), process.pid() + "\n");
    return new RunningNode(process);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
