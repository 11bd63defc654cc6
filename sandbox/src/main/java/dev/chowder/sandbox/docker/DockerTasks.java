package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import com.github.dockerjava.api.command.InspectContainerResponse;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxTasks;
import dev.chowder.sandbox.TaskResult;
import dev.chowder.sandbox.TaskSpec;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Runs commands in the sandboxes of Docker: a task in a container of its own, other commands in the
 * container of the main process.
 */
record DockerTasks(
    DockerSandboxSettings settings,
    DockerApi engine,
    DockerContainers containers,
    DockerHomes homes,
    DockerLauncher launcher,
    DockerFiles files,
    DockerLogs logs)
    implements SandboxTasks {
  private static final int OUTPUT_BYTES = 16 * 1024;

  @Override
  public TaskResult run(SandboxId id, Fence fence, TaskSpec task, Duration limit) {
    fence.requireHome(id, homes.generation(id));
    requireNoneLater(id, fence.attempt());
    var _ = launcher.remove(id, fence.attempt());
    var spec =
        new DockerContainerSpec(
            id,
            task.organizationId(),
            DockerLabels.TASK,
            fence.attempt(),
            task.snapshot(),
            task.command(),
            Map.of(),
            Optional.empty(),
            task.resources());
    String created = launcher.create(spec, fence);
    files.writeStopped(created, task.files());
    String container = launcher.start(spec, fence, created);
    Optional<InspectContainerResponse> ended = containers.awaitEnd(container, limit);
    if (ended.isEmpty()) {
      if (containers.inspect(container).isEmpty()) {
        throw SandboxException.notFound("run the task", "its container was removed while it ran");
      }
      containers.signal(container, "KILL");
      throw new SandboxException(
          Reason.TIMED_OUT,
          cannot(
              "run the task", "it did not end within " + limit.toMillis() + " ms and was killed"));
    }
    var state = ended.get().getState();
    return new TaskResult(
        DockerObservations.exitCode(state),
        Boolean.TRUE.equals(state.getOOMKilled()),
        logs.tail(container, OUTPUT_BYTES));
  }

  @Override
  public TaskResult exec(SandboxId id, List<String> command, Duration limit) {
    var container =
        containers
            .find(id, DockerLabels.GATEWAY)
            .filter(DockerContainers::runs)
            .orElseThrow(
                () ->
                    SandboxException.notFound(
                        "run the command in " + id, "its main process does not run"));
    return DockerExec.run(engine, container.getId(), command, limit, OUTPUT_BYTES);
  }

  private void requireNoneLater(SandboxId id, int attempt) {
    containers.list(DockerLabels.filter(settings.clusterId(), id)).stream()
        .filter(DockerContainers::runs)
        .map(container -> DockerLabels.attempt(container.getLabels()))
        .forEach(running -> Fence.requireNotBefore(running, attempt));
  }
}
