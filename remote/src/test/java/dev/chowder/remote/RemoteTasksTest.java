package dev.chowder.remote;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxTasks;
import dev.chowder.sandbox.TaskResult;
import dev.chowder.sandbox.TaskSpec;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests the results of tasks. */
@Timeout(60)
class RemoteTasksTest extends RemoteFixture {
  /** An engine must cut the output. A server does so, too, because a long message would fail. */
  @Test
  void theOutputOfATaskStartsAtAWordOfItsLast16KiB() throws Exception {
    var words = "a-secret-ä ".repeat(500_000);
    serve(
        new TestEngine() {
          @Override
          public SandboxTasks tasks() {
            return new SandboxTasks() {
              @Override
              public TaskResult run(SandboxId id, Fence fence, TaskSpec task, Duration limit) {
                throw new UnsupportedOperationException();
              }

              @Override
              public TaskResult exec(SandboxId id, List<String> command, Duration limit) {
                return new TaskResult(
                    0, false, words.substring(0, Integer.parseInt(command.getFirst())));
              }
            };
          }
        });
    var tasks = client().tasks();
    var whole = tasks.exec(ID, List.of("11"), Duration.ofSeconds(1)).output();
    assertThat(whole).isEqualTo("a-secret-ä ");
    var cut =
        tasks.exec(ID, List.of(String.valueOf(words.length())), Duration.ofSeconds(1)).output();
    assertThat(cut).startsWith(" a-secret-ä ");
    assertThat(words).endsWith(cut);
    assertThat(cut.getBytes(UTF_8).length).isBetween(16_000, 16 * 1024);
  }
}
