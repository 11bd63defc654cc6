package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import dev.chowder.sandbox.SandboxDriver.TaskResult;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** One command in a container that runs. The engine cannot end one, so it ends by itself. */
final class DockerExec {
  /** What {@code timeout} answers for a command that it ended: by TERM, by KILL. */
  private static final List<Integer> TIMED_OUT = List.of(124, 137);

  /** For the engine to tell the end. */
  private static final Duration ALLOWANCE = Duration.ofSeconds(5);

  private DockerExec() {}

  static TaskResult run(
      DockerEngine engine, String container, List<String> command, Duration limit, int maxBytes) {
    var what = "run " + command.getFirst() + " in container " + container;
    var bounded =
        new ArrayList<>(
            List.of("timeout", "--kill-after=1", Long.toString(Math.max(1, limit.toSeconds()))));
    bounded.addAll(command);
    String exec =
        engine.call(
            what,
            docker ->
                docker
                    .execCreateCmd(container)
                    .withUser(DockerContainerSpec.USER)
                    .withAttachStdout(true)
                    .withAttachStderr(true)
                    .withCmd(bounded.toArray(String[]::new))
                    .exec()
                    .getId());
    var printed = new Tail(maxBytes);
    try (DockerStream<Frame> output =
        engine.stream(
            what,
            new DockerStream<>(
                frame -> {
                  if (frame.getStreamType() == StreamType.STDOUT) printed.add(frame.getPayload());
                },
                _ -> {}),
            (docker, frames) -> docker.execStartCmd(exec).exec(frames))) {
      if (!output.awaitEnd(limit.plus(ALLOWANCE))) throw late(limit);
      var why = output.why();
      if (why.isPresent()) throw engine.translate(what, why.get());
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw DockerErrors.interrupted(what, stop);
    }
    Long code = engine.call(what, docker -> docker.inspectExecCmd(exec).exec().getExitCodeLong());
    int exitCode = code == null ? 1 : code.intValue();
    if (TIMED_OUT.contains(exitCode)) throw late(limit);
    return new TaskResult(exitCode, false, printed.text());
  }

  private static SandboxException late(Duration limit) {
    return new SandboxException(
        Reason.TIMED_OUT, "exec: still running after " + limit.toMillis() + " ms, so killed");
  }
}
