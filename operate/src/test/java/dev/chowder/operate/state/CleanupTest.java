package dev.chowder.operate.state;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests that an action runs exactly once, also if a signal ends the JVM. */
@Timeout(60)
class CleanupTest {
  @TempDir private Path folder;

  @Test
  void theActionRunsOnce() {
    var runs = new AtomicInteger();
    var cleanup = new Cleanup(runs::incrementAndGet);
    assertThat(runs).hasValue(0);
    cleanup.close();
    cleanup.close();
    assertThat(runs).hasValue(1);
  }

  @Test
  void aSignalRunsTheAction() throws Exception {
    var began = folder.resolve("began");
    var ended = folder.resolve("ended");
    var jvm =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Waiting.class.getName(),
                began.toString(),
                ended.toString())
            .inheritIO()
            .start();
    Await.until(() -> Files.exists(began));
    assertThat(ended).doesNotExist();
    jvm.destroy();
    assertThat(jvm.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(ended).exists();
  }

  /** A program that waits for a signal. */
  static final class Waiting {
    private Waiting() {}

    /** Creates the first file, and the second one at its end. */
    public static void main(String[] files) throws Exception {
      try (var _ = new Cleanup(() -> create(files[1]))) {
        create(files[0]);
        Thread.currentThread().join();
      }
    }

    private static void create(String file) {
      try {
        Files.createFile(Path.of(file));
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
    }
  }
}
