package dev.chowder.simulator;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxTasks;
import dev.chowder.sandbox.TaskResult;
import dev.chowder.sandbox.TaskSpec;
import dev.chowder.simulator.FakeScript.Verb;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Simulates the tasks and commands of sandboxes, with the delays that the script requests. */
record SimulatedTasks(FakeSandboxSettings settings, FakeScript script, FakeHost host)
    implements SandboxTasks {
  @Override
  public TaskResult run(SandboxId id, Fence fence, TaskSpec task, Duration limit) {
    script.apply(Verb.RUN, Optional.of(id), limit);
    requireSnapshot(script, task.snapshot());
    FakeSandbox sandbox = host.require(id, fence);
    sandbox.requireNotLater(fence.attempt());
    sandbox.removeProcesses();
    FakeHome.write(sandbox.home(), task.files());
    FakeCommand command = FakeCommand.parse(task.command());
    try {
      Duration needed = command.hangs() ? limit : settings.taskTime();
      if (!sandbox.runTask(needed.compareTo(limit) < 0 ? needed : limit)) {
        throw SandboxException.notFound("run the task", "its container was removed while it ran");
      }
      if (needed.compareTo(limit) >= 0) {
        throw FakePause.timedOut("run the task", limit);
      }
    } catch (InterruptedException stop) {
      throw FakePause.interrupted(Verb.RUN, stop);
    }
    if (command.onboards()) {
      FakeOpenClaw.onboard(sandbox.home());
    }
    String output = command.prints().isEmpty() ? "" : String.join("\n", command.prints()) + "\n";
    return new TaskResult(command.exitCode(), command.outOfMemory(), output);
  }

  @Override
  public TaskResult exec(SandboxId id, List<String> command, Duration limit) {
    script.apply(Verb.EXEC, Optional.of(id), limit);
    FakeSandbox sandbox =
        host.running(id)
            .orElseThrow(
                () ->
                    SandboxException.notFound(
                        "run the command in " + id, "its main process does not run"));
    FakeCommand simulated = FakeCommand.parse(command);
    if (simulated.hangs()) {
      FakePause.take(Verb.EXEC, limit);
      throw FakePause.timedOut("run the command", limit);
    }
    Optional<TaskResult> scripted = script.nextResult();
    if (scripted.isPresent()) return scripted.get();
    if (command.stream().anyMatch(word -> word.contains("channel_pairing_requests"))) {
      return new TaskResult(0, false, sandbox.channels().codes(command.getLast()));
    }
    String output =
        simulated.prints().isEmpty() ? "" : String.join("\n", simulated.prints()) + "\n";
    return new TaskResult(simulated.exitCode(), false, output);
  }

  /** Fails like an engine that does not have this image. */
  static void requireSnapshot(FakeScript script, String snapshot) {
    if (script.isMissing(snapshot)) {
      throw new SandboxException(
          Reason.IMAGE_MISSING,
          cannot(
              "use snapshot " + snapshot,
              "its image does not exist on this host",
              "build it with image/build or \"chowder up\""));
    }
  }
}
