package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.LogConfig;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import java.util.Optional;

/**
 * Runs the container in which a sandbox's files are accessed, beside the main process or without
 * one. Starts, stops and a frozen main process do not affect it, and the agent's processes cannot
 * reach the programs in it. It has the home volume and no network. It ends and is removed after an
 * idle time.
 */
record DockerFilesContainer(
    DockerApi engine,
    DockerSandboxSettings settings,
    DockerContainers containers,
    DockerHomes homes) {
  static final String ROLE = "files";

  /** Number of tries, because another call may create or end the container at the same moment. */
  private static final int TRIES = 20;

  /**
   * Waits until, for the given number of seconds, only this script and the init process run in the
   * container. The check starts no program; only {@code sleep} runs.
   */
  private static final String LINGER =
      "quiet=0; while [ $quiet -lt \"$1\" ]; do sleep 1; set -- \"$1\" /proc/[0-9]*;"
          + " if [ $# -gt 3 ]; then quiet=0; else quiet=$((quiet+1)); fi; done";

  /** Returns the id of a running container. It may end before it is used if it was idle already. */
  String ensure(SandboxId id) {
    String name = DockerContainers.helperName(id, ROLE);
    for (int attempt = 0; attempt < TRIES; attempt++) {
      InspectVolumeResponse home = homes.inspect(id).orElseThrow(() -> SandboxException.noHome(id));
      Optional<InspectContainerResponse> existing = containers.inspect(name);
      if (existing.filter(DockerContainers::runs).isPresent()) {
        return existing.get().getId();
      }
      try {
        if (existing.isPresent()) {
          containers.remove(existing.get().getId());
        }
        String created = create(id, home);
        requireHome(id, created);
        containers.start(created);
        return created;
      } catch (SandboxException refused) {
        if (!lostRace(refused)) {
          throw refused;
        }
        containers.pause("access files of " + id);
      }
    }
    throw new SandboxException(
        Reason.TIMED_OUT,
        cannot("access files of " + id, "its container ends each time before it is used"));
  }

  /**
   * Fails if the home volume was removed meanwhile. In that case the engine created a volume for
   * the container, which is not a home.
   */
  private void requireHome(SandboxId id, String container) {
    if (homes.generation(id).filter(DockerLabels::isHome).isPresent()) return;
    containers.remove(container);
    homes.removeEngineCreated(id);
    throw SandboxException.noHome(id);
  }

  /** Returns whether the call failed because a concurrent call created or ended the container. */
  static boolean lostRace(SandboxException refused) {
    String message = String.valueOf(refused.getMessage());
    return refused.reason() == Reason.NOT_FOUND
        || message.contains("is already in use")
        || message.contains("is not running")
        || message.contains("marked for removal");
  }

  private String create(SandboxId id, InspectVolumeResponse home) {
    return engine.call(
        "create container for files of " + id, docker -> command(docker, id, home).exec().getId());
  }

  private CreateContainerCmd command(
      DockerClient docker, SandboxId id, InspectVolumeResponse home) {
    var spec = new DockerHelperSpec(settings, id, home, ROLE);
    return spec.create(docker)
        .withUser("0:0")
        .withCmd("sh", "-c", LINGER, "sh", Long.toString(settings.filesIdleTimeout().toSeconds()))
        .withHostConfig(
            spec.host(false)
                .withCapAdd(Capability.SETUID, Capability.SETGID)
                .withAutoRemove(true)
                .withLogConfig(new LogConfig(LogConfig.LoggingType.NONE)));
  }
}
