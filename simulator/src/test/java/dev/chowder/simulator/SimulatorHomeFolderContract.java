package dev.chowder.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.sandbox.HomeFolderContract;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** The contract of files on simulated sandboxes. */
abstract class SimulatorHomeFolderContract extends HomeFolderContract {
  @TempDir protected Path folder;
  private @Nullable SimulatedEngine simulated;

  @AfterEach
  void closeSimulated() {
    if (simulated != null) simulated.close();
  }

  /** Returns the engine that simulates the sandboxes, whichever one the test calls. */
  protected SimulatedEngine simulated() {
    var open = simulated;
    if (open == null) {
      open = new SimulatedEngine(FakeSandboxSettings.instant().in(folder.resolve("sandboxes")));
      simulated = open;
    }
    return open;
  }

  @Override
  protected String snapshot() {
    return "any";
  }

  @Override
  protected String asTheAgent(String script) {
    try {
      var home = folder.resolve("sandboxes").resolve(id.toString()).resolve("home");
      var process =
          new ProcessBuilder("sh", "-c", script)
              .directory(home.toFile())
              .redirectErrorStream(true)
              .start();
      var output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
      return output;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException stop) {
      throw new IllegalStateException(stop);
    }
  }
}
