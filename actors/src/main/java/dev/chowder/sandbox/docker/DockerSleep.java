package dev.chowder.sandbox.docker;

import static dev.chowder.actor.ErrorText.cannot;

import com.github.dockerjava.api.command.InspectContainerResponse;
import dev.chowder.sandbox.SandboxDriver.MemoryUse;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import java.util.Optional;

/**
 * Freezes and thaws the containers of main processes, and moves their memory to swap. Does not know
 * what the process does.
 */
final class DockerSleep {
  private final DockerSandboxSettings settings;
  private final DockerContainers containers;
  private final SandboxIsolation isolation;
  private final DockerMemory memory;

  DockerSleep(
      DockerEngine engine,
      DockerSandboxSettings settings,
      DockerContainers containers,
      SandboxIsolation isolation) {
    this.settings = settings;
    this.containers = containers;
    this.isolation = isolation;
    this.memory = new DockerMemory(engine, settings);
  }

  /** Freezes the running container and returns its attempt. */
  int freeze(SandboxId id, int attempt) {
    InspectContainerResponse container =
        find(id).orElseThrow(() -> missing("freeze " + id, "its main process does not run"));
    DockerContainers.requireNotLater(container, attempt);
    if (!DockerContainers.paused(container)) {
      containers.freeze(container.getId());
      if (containers.inspect(container.getId()).filter(DockerContainers::paused).isEmpty()) {
        throw missing("freeze " + id, "its main process ended meanwhile");
      }
    }
    return DockerLabels.attempt(DockerObservations.labels(container));
  }

  /**
   * Lets a container of this spec continue. Empty if none runs.
   *
   * @param attempt the attempt of the caller
   */
  Optional<SandboxEndpoint> thaw(DockerContainerSpec spec, int attempt) {
    Optional<InspectContainerResponse> found = find(spec.id());
    found.ifPresent(running -> DockerContainers.requireNotLater(running, attempt));
    return found
        .filter(running -> spec.describes(running, settings))
        .flatMap(
            running -> {
              if (DockerContainers.paused(running)) {
                isolation.ensure();
                wake(running);
              }
              return containers
                  .inspect(running.getId())
                  .filter(thawed -> !DockerContainers.paused(thawed))
                  .flatMap(DockerObservations::endpoint);
            });
  }

  /** Lets a frozen container continue. Does nothing if it runs, ended or was removed meanwhile. */
  void wake(InspectContainerResponse frozen) {
    containers.unpause(frozen.getId());
  }

  /** Does nothing yet. */
  MemoryUse pageOut(SandboxId id, int attempt) {
    InspectContainerResponse container =
        find(id)
            .filter(DockerContainers::paused)
            .filter(found -> DockerLabels.attempt(DockerObservations.labels(found)) <= attempt)
            .orElseThrow(() -> missing("page out " + id, "it has no frozen main process"));
    return memory.use(container);
  }

  Optional<MemoryUse> memory(SandboxId id) {
    return find(id).map(memory::use);
  }

  private Optional<InspectContainerResponse> find(SandboxId id) {
    return containers
        .inspect(DockerContainers.name(id, DockerLabels.GATEWAY))
        .filter(DockerContainers::runs);
  }

  private static SandboxException missing(String verb, String why) {
    return new SandboxException(Reason.NOT_FOUND, cannot(verb, why));
  }
}
