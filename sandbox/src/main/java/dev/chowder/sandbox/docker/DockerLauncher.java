package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;

/**
 * Creates, starts and removes the containers of sandboxes, within the fences of the callers. Does
 * not know what their commands do.
 */
record DockerLauncher(
    DockerSandboxSettings settings,
    DockerApi engine,
    DockerNetwork network,
    DockerContainers containers,
    DockerHomes homes,
    DockerHomeOwner owner,
    SandboxIsolation isolation) {
  /** Checks that the image exists on this host. */
  void requireSnapshot(String snapshot) {
    engine.run(
        "inspect image " + snapshot,
        docker -> {
          try {
            docker.inspectImageCmd(snapshot).exec();
          } catch (NotFoundException missing) {
            throw imageMissing(snapshot, missing);
          }
        });
  }

  /** Creates a container that does not run, after removing an old one of the same role. */
  String create(DockerContainerSpec spec, Fence fence) {
    network.ensure();
    removePrevious(spec.id(), spec.role(), fence.attempt());
    String created;
    try {
      created = containers.create(spec);
    } catch (SandboxException refused) {
      if (refused.reason() == Reason.IMAGE_MISSING) {
        throw imageMissing(spec.snapshot(), refused);
      }
      throw refused;
    }
    // The home volume may have been removed or replaced since the check. From now on this is
    // impossible, because a container uses it.
    try {
      fence.requireHome(spec.id(), homes.generation(spec.id()).filter(DockerLabels::isHome));
      return created;
    } catch (SandboxException otherHome) {
      containers.remove(created);
      homes.removeEngineCreated(spec.id());
      throw otherHome;
    }
  }

  /**
   * Starts a container of this spec and returns its id. It is another container if the given one
   * had to be replaced.
   */
  String start(DockerContainerSpec spec, Fence fence, String container) {
    isolation.ensure();
    owner.ensure(spec.id(), container);
    try {
      containers.start(container);
      return container;
    } catch (SandboxException refused) {
      var why = String.valueOf(refused.getMessage());
      if (!why.contains("network ") || !why.contains(" not found")) throw refused;
      // The network was removed, which the engine allows while no container on it runs. A container
      // stays bound to the network that it was created for, so it must be replaced.
      network.forget();
      String replacement = create(spec, fence);
      isolation.apply();
      owner.ensure(spec.id(), replacement);
      containers.start(replacement);
      return replacement;
    }
  }

  /** Removes the container of this role, unless a later attempt runs in it. */
  void removePrevious(SandboxId id, String role, int attempt) {
    containers
        .find(id, role)
        .ifPresent(
            previous -> {
              DockerContainers.requireNotLater(previous, attempt);
              containers.remove(previous.getId());
            });
  }

  /**
   * Removes the containers of this attempt and earlier ones, and returns how many of later attempts
   * stay. Removes by id, because another container may have the name now.
   */
  int remove(SandboxId id, int attempt) {
    int later = 0;
    for (Container container : containers.list(DockerLabels.filter(settings.clusterId(), id))) {
      if (DockerLabels.attempt(container.getLabels()) <= attempt) {
        containers.remove(container.getId());
      } else {
        later++;
      }
    }
    return later;
  }

  private static SandboxException imageMissing(String snapshot, Throwable cause) {
    return new SandboxException(
        Reason.IMAGE_MISSING,
        cannot(
            "use snapshot " + snapshot,
            "its image does not exist on this host",
            "build it with image/build or \"chowder up\""),
        cause);
  }
}
