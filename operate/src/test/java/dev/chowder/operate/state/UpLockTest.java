package dev.chowder.operate.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.cli.failure.CommandException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The lock is that of flock(1), which scripts use. */
@Timeout(60)
class UpLockTest {
  private static final Duration SHORT = Duration.ofMillis(300);

  @TempDir private Path home;

  @Test
  void aScriptDoesNotGetTheLockOfACommand() throws Exception {
    try (var _ = UpLock.take(home)) {
      assertThat(flock("-n", "true")).isEqualTo(1);
    }
    assertThat(flock("-n", "true")).isZero();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(lockFile())))
        .isEqualTo("rw-------");
  }

  @Test
  void aCommandDoesNotGetTheLockOfAScript() throws Exception {
    var script = script("echo locked && cat");
    try {
      assertThat(script.inputReader().readLine()).isEqualTo("locked");
      assertThatThrownBy(() -> UpLock.take(home, SHORT))
          .isInstanceOf(CommandException.class)
          .hasMessageContaining("another command is running for " + home);
    } finally {
      script.getOutputStream().close();
    }
    assertThat(script.waitFor(30, TimeUnit.SECONDS)).isTrue();
    UpLock.take(home).close();
  }

  @Test
  void aCommandWaitsForTheEndOfAScript() throws Exception {
    var script = script("echo locked && cat");
    assertThat(script.inputReader().readLine()).isEqualTo("locked");
    var ended =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    script.getOutputStream().close();
                  } catch (IOException alreadyEnded) {
                    throw new AssertionError(alreadyEnded);
                  }
                });
    UpLock.take(home, Duration.ofSeconds(30)).close();
    ended.join();
  }

  @Test
  void aProcessThatTheCommandStartsDoesNotKeepTheLock() throws Exception {
    var lock = UpLock.take(home);
    var child = new ProcessBuilder("cat").start();
    try {
      lock.close();
      UpLock.take(home, SHORT).close();
    } finally {
      child.destroy();
    }
  }

  @Test
  void anInstallationThatAnotherCommandRemovedIsAConflict() {
    var missing = home.resolve("missing");
    assertThatThrownBy(() -> UpLock.take(missing))
        .isInstanceOf(CommandException.class)
        .hasMessage("another command has removed %s meanwhile: run this again".formatted(missing));
  }

  private Path lockFile() {
    return home.resolve("up.lock");
  }

  private Process script(String command) throws IOException {
    return new ProcessBuilder("flock", lockFile().toString(), "sh", "-c", command).start();
  }

  private int flock(String option, String command) throws Exception {
    var process =
        new ProcessBuilder(List.of("flock", option, lockFile().toString(), command)).start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }
}
