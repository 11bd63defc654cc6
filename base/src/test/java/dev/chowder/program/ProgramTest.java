package dev.chowder.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.base.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramTest {
  @TempDir private Path folder;

  @Test
  void theResultHasTheExitCodeAndBothStreams() {
    var result = shell("read line; echo out $line; echo err >&2; exit 3").input("in\n").attempt();
    assertThat(result).isEqualTo(new Program.Result(3, "out in\n", "err\n"));
    assertThat(result.succeeded()).isFalse();
    assertThat(result.lastLine()).isEqualTo("err");
  }

  @Test
  void variablesAreAddedAndRemoved() {
    var program = shell("echo ${ADDED-none} ${HOME-none}").with("ADDED", "yes");
    assertThat(program.without(Set.of("HOME")).run().text()).isEqualTo("yes none");
  }

  @Test
  void itRunsInItsFolder() throws Exception {
    assertThat(shell("pwd").in(folder).run().text()).isEqualTo(folder.toRealPath().toString());
  }

  @Test
  void aFailureShowsTheLastLine() {
    assertThatThrownBy(() -> shell("echo one >&2; echo two >&2; exit 4").run())
        .isInstanceOf(ProgramException.class)
        .hasMessageEndingWith("failed with exit code 4: two");
  }

  @Test
  void aFailedProgramIsRepeatedAfterEachPauseUntilItSucceeds() throws Exception {
    var tries = folder.resolve("tries");
    var second = shell("echo try >> %1$s; test $(wc -l < %1$s) = 2".formatted(tries));
    var pauses = List.of(Duration.ofMillis(1), Duration.ofMillis(1));
    assertThat(second.run(pauses).succeeded()).isTrue();
    assertThat(tries).content().hasLineCount(2);
    Files.delete(tries);
    var never = shell("echo try >> %s; exit 5".formatted(tries));
    assertThat(never.attempt(pauses).exit()).isEqualTo(5);
    assertThat(tries).content().hasLineCount(3);
  }

  @Test
  void anErrorShowsTheBeginningOfManyWords() {
    var many = Program.of("false").and("word ".repeat(1000));
    assertThatThrownBy(many::run)
        .message()
        .startsWith("false word")
        .hasSizeLessThan(500)
        .contains("... failed with exit code 1");
  }

  @Test
  void aProgramThatDoesNotExistIsNamed() {
    var none = Program.of("/nonexistent/program");
    assertThatThrownBy(none::attempt)
        .isInstanceOf(ProgramException.class)
        .hasMessageStartingWith("cannot run /nonexistent/program: ");
    assertThat(none.succeeds()).isFalse();
  }

  @Test
  void aProgramThatDoesNotEndIsKilledWithItsChildren() {
    var pid = folder.resolve("pid");
    var endless = shell("sleep 600 & echo $! > " + pid + "; wait").within(Duration.ofSeconds(5));
    assertThatThrownBy(endless::run)
        .isInstanceOf(ProgramException.class)
        .hasMessageEndingWith("did not end within 5 s");
    Await.until(
        () -> {
          var child = ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()));
          return child.isEmpty() || !child.get().isAlive();
        });
  }

  private static Program shell(String commands) {
    return Program.of("sh", "-c", commands);
  }
}
