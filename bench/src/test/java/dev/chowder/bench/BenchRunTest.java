package dev.chowder.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.program.ProgramException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BenchRunTest {
  private final List<String> removed = new ArrayList<>();

  @Test
  void whatWasCreatedLastIsRemovedFirstAndOnlyOnce() {
    var run = new BenchRun();
    run.atEnd(() -> removed.add("database"));
    run.atEnd(() -> removed.add("installation"));
    run.close();
    run.close();
    assertThat(removed).containsExactly("installation", "database");
  }

  @Test
  void aFailedRemovalDoesNotPreventTheOthers() {
    var run = new BenchRun();
    run.atEnd(() -> removed.add("database"));
    run.atEnd(
        () -> {
          throw new ProgramException("cannot remove it", null);
        });
    run.close();
    assertThat(removed).containsExactly("database");
  }

  @Test
  void itsProcessesEndBeforeWhatTheyUseIsRemoved() throws Exception {
    var run = new BenchRun();
    var process = run.start(new ProcessBuilder("sleep", "1000"));
    run.atEnd(() -> removed.add(process.isAlive() ? "too early" : "after its process"));
    run.close();
    assertThat(removed).containsExactly("after its process");
  }

  @Test
  void nothingStartsAfterTheEnd() {
    var run = new BenchRun();
    run.close();
    assertThatThrownBy(() -> run.start(new ProcessBuilder("true")))
        .isInstanceOf(ProgramException.class)
        .hasMessage("the bench was ended");
  }

  @Test
  void theExitCodeOfAProgramIsReturned() throws Exception {
    try (var run = new BenchRun()) {
      assertThat(run.run(new ProcessBuilder("sh", "-c", "exit 3"))).isEqualTo(3);
    }
  }
}
