package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.TaskResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Runs commands in a running container, as its user. The engine cannot stop such a command, so each
 * has its own time limit.
 */
final class DockerExec {
  /** Exit codes of {@code timeout} for a command that it ended with TERM or KILL. */
  private static final List<Long> TIMED_OUT = List.of(124L, 137L);

  /** Extra time for the engine to report the end. */
  private static final Duration ALLOWANCE = Duration.ofSeconds(5);

  private DockerExec() {}

  static TaskResult run(
      DockerApi engine, String container, List<String> command, Duration limit, int maxBytes) {
    var what = "run " + command.getFirst() + " in container " + container;
    var bounded =
        new ArrayList<>(
            List.of("timeout", "--kill-after=1", Long.toString(Math.max(1, limit.toSeconds()))));
    bounded.addAll(command);
    var output = new Tail(maxBytes);
    long exitCode =
        await(
                engine,
                what,
                container,
                bounded,
                limit.plus(ALLOWANCE),
                () -> late(limit),
                frame -> {
                  if (frame.getStreamType() == StreamType.STDOUT) output.add(frame.getPayload());
                })
            .orElse(1);
    if (TIMED_OUT.contains(exitCode)) throw late(limit);
    return new TaskResult((int) exitCode, false, output.text());
  }

  /**
   * Runs a command that is sure to end.
   *
   * @param late supplies the error for a command whose end the engine does not report within the
   *     limit
   * @return the exit code; empty if the engine does not know it
   */
  static OptionalLong await(
      DockerApi engine,
      String what,
      String container,
      List<String> command,
      Duration limit,
      Supplier<SandboxException> late,
      Consumer<Frame> onFrame) {
    String exec =
        engine.call(
            what,
            docker ->
                docker
                    .execCreateCmd(container)
                    .withAttachStdout(true)
                    .withAttachStderr(true)
                    .withCmd(command.toArray(String[]::new))
                    .exec()
                    .getId());
    engine.read(
        what, onFrame, (docker, frames) -> docker.execStartCmd(exec).exec(frames), limit, late);
    return engine.call(
        what,
        docker -> {
          var code = docker.inspectExecCmd(exec).exec().getExitCodeLong();
          return code == null ? OptionalLong.empty() : OptionalLong.of(code);
        });
  }

  private static SandboxException late(Duration limit) {
    return new SandboxException(
        Reason.TIMED_OUT,
        cannot(
            "run the command", "it did not end within " + limit.toMillis() + " ms and was killed"));
  }
}
