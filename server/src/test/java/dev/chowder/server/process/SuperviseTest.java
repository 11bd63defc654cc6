package dev.chowder.server.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests {@code scripts/lib/supervise}: commands that end, and the end of the supervisor itself. */
@Timeout(60)
class SuperviseTest {
  private static final Path SUPERVISE = Path.of("..", "scripts", "lib", "supervise");
  private static final Duration LIMIT = Duration.ofSeconds(40);

  /** A command that reports that it is ready for SIGTERM, ends on it, and reports that. */
  private static final String UNTIL_TERM =
      "trap 'echo ended in order; exit 0' TERM; echo is ready; while :; do sleep 0.1; done";

  @TempDir Path folder;

  private final List<ProcessHandle> started = new ArrayList<>();

  @AfterEach
  void end() {
    // The supervisor first; otherwise it would restart the process.
    started.forEach(ProcessHandle::destroyForcibly);
  }

  @Test
  void aKilledCommandIsRestarted() throws Exception {
    var supervisor = supervise(UNTIL_TERM, Map.of());
    var first = awaitCommand();
    long began = System.nanoTime();
    assertThat(first.destroyForcibly()).isTrue();
    Await.until(LIMIT, () -> command().filter(second -> second.pid() != first.pid()).isPresent());
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(20));
    assertThat(Files.readString(folder.resolve("part.exit"))).isEqualTo("137\n");
    assertThat(supervisor.isAlive()).isTrue();
  }

  @Test
  void pausesGrowAndAreLoggedWhileACommandEndsAtOnce() throws Exception {
    var _ = supervise("exit 3", Map.of());
    Await.until(LIMIT, () -> log().contains("3 in a row"));
    // The log has whole seconds, so a short run may take one.
    var line =
        "supervise: part ended with exit code 3 after \\d s \\(%d in a row that ended early\\);"
            + " starts again in %d s\\. To stop it: scripts/down";
    assertThat(log())
        .containsPattern(line.formatted(1, 1))
        .containsPattern(line.formatted(2, 2))
        .containsPattern(line.formatted(3, 4));
  }

  @Test
  @Tag("slow")
  void pausesAreLimitedAndShortAgainAfterALongRun() throws Exception {
    var _ =
        supervise(
            "echo >>runs; [ $(wc -l <runs) -ne 4 ] || sleep 5; exit 4",
            Map.of(
                "CHOWDER_SUPERVISE_PAUSE_SECONDS",
                "2",
                "CHOWDER_SUPERVISE_LONG_ENOUGH_SECONDS",
                "5"));
    Await.until(LIMIT, () -> log().contains("(3 in a row that ended early); starts again in 2 s"));
    Await.until(
        LIMIT, () -> occurrences("(1 in a row that ended early); starts again in 1 s") == 2);
  }

  @Test
  void sigtermStopsTheCommandBeforeTheSupervisor() throws Exception {
    var supervisor = supervise(UNTIL_TERM, Map.of());
    var command = awaitCommand();
    assertThat(supervisor.destroy()).isTrue();
    Await.until(LIMIT, () -> !supervisor.isAlive());
    assertThat(command.isAlive()).isFalse();
    assertThat(log()).contains("ended in order").doesNotContain("starts again");
    assertThat(folder.resolve("part.pid")).doesNotExist();
  }

  @Test
  void sigtermInAPauseLeavesNoProcess() throws Exception {
    var supervisor = supervise("exit 1", Map.of());
    Await.until(LIMIT, () -> log().contains("starts again in 4 s"));
    assertThat(supervisor.destroy()).isTrue();
    Await.until(LIMIT, () -> !supervisor.isAlive());
    assertThat(started).noneMatch(ProcessHandle::isAlive);
    assertThat(supervisor.descendants()).isEmpty();
  }

  @Test
  void aCommandEndsWithItsKilledSupervisor() throws Exception {
    var supervisor = supervise(UNTIL_TERM, Map.of());
    var command = awaitCommand();
    assertThat(supervisor.destroyForcibly()).isTrue();
    Await.until(LIMIT, () -> !command.isAlive());
    assertThat(log()).contains("ended in order");
  }

  @Test
  void aFullLogIsMovedAtARestart() throws Exception {
    var _ =
        supervise(
            "head -c 3000 /dev/zero | tr '\\0' x; exit 1", Map.of("CHOWDER_LOG_BYTES", "2000"));
    Await.until(
        LIMIT, () -> Files.exists(folder.resolve("part.log.1")) && log().contains("2 in a row"));
    assertThat(Files.size(folder.resolve("part.log"))).isLessThan(4000);
  }

  private ProcessHandle supervise(String command, Map<String, String> environment)
      throws IOException {
    Files.writeString(folder.resolve("part.command"), "bash\0-c\0" + command + "\0");
    Files.createFile(folder.resolve("part.log"));
    var builder =
        new ProcessBuilder(
                SUPERVISE.toAbsolutePath().normalize().toString(),
                folder.resolve("part").toString(),
                folder.resolve("part.log").toString())
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().putAll(environment);
    var supervisor = builder.start().toHandle();
    started.add(supervisor);
    return supervisor;
  }

  /** Returns the process. Its id is known before it is ready for a signal. */
  private ProcessHandle awaitCommand() throws InterruptedException {
    Await.until(LIMIT, () -> command().isPresent() && log().contains("is ready"));
    return command().orElseThrow();
  }

  private Optional<ProcessHandle> command() {
    try {
      var pid = Files.readString(folder.resolve("part.pid")).strip();
      var command = ProcessHandle.of(Long.parseLong(pid)).filter(ProcessHandle::isAlive);
      command.filter(one -> !started.contains(one)).ifPresent(started::add);
      return command;
    } catch (NoSuchFileException notYet) {
      return Optional.empty();
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  private String log() {
    try {
      return Files.readString(folder.resolve("part.log"));
    } catch (NoSuchFileException moved) {
      return "";
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  private long occurrences(String text) {
    return log().lines().filter(line -> line.contains(text)).count();
  }
}
