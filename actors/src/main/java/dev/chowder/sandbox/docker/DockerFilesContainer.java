package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.model.LogConfig;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import java.util.Optional;

/**
 * The container that a sandbox's files are reached in: its home and no network, beside the main
 * process or without one, so that a start, a stop or a frozen process is nothing to it, and no
 * process of the agent's can touch what works in it. It ends by itself when nothing worked in it
 * for a while, and leaves nothing.
 */
final class DockerFilesContainer {
  static final String ROLE = "files";

  /** Somebody else may make or end it at the same moment. */
  private static final int TRIES = 20;

  /**
   * Waits until nobody but itself and the init was there for so many seconds. Without a program for
   * each look: a sleep at a time is all that runs.
   */
  private static final String LINGER =
      "quiet=0; while [ $quiet -lt \"$1\" ]; do sleep 1; set -- \"$1\" /proc/[0-9]*;"
          + " if [ $# -gt 3 ]; then quiet=0; else quiet=$((quiet+1)); fi; done";

  private final DockerEngine engine;
  private final DockerSandboxSettings settings;
  private final DockerContainers containers;
  private final DockerHomes homes;

  DockerFilesContainer(
      DockerEngine engine,
      DockerSandboxSettings settings,
      DockerContainers containers,
      DockerHomes homes) {
    this.engine = engine;
    this.settings = settings;
    this.containers = containers;
    this.homes = homes;
  }

  /** The id of one that runs now; it may end before it is used when it lingered already. */
  String ensure(SandboxId id) {
    String name = DockerContainers.name(id, ROLE);
    for (int attempt = 0; attempt < TRIES; attempt++) {
      InspectVolumeResponse home =
          homes
              .inspect(id)
              .orElseThrow(
                  () -> new SandboxException(Reason.NOT_FOUND, "sandbox: " + id + " is not there"));
      Optional<InspectContainerResponse> there = containers.inspect(name);
      if (there.filter(DockerContainers::runs).isPresent()) {
        return there.get().getId();
      }
      try {
        if (there.isPresent()) {
          containers.remove(there.get().getId());
        }
        String made = create(id, home);
        requireHome(id, made);
        containers.start(made);
        return made;
      } catch (SandboxException refused) {
        if (!wasFaster(refused)) {
          throw refused;
        }
        containers.pause("files of " + id);
      }
    }
    throw new SandboxException(Reason.TIMED_OUT, "files of " + id + ": no container stays for it");
  }

  /** The home may have been removed meanwhile: then the engine made a volume that is no home. */
  private void requireHome(SandboxId id, String container) {
    if (homes.generation(id).filter(DockerLabels::isHome).isPresent()) return;
    containers.remove(container);
    homes.removeEngineMade(id);
    throw new SandboxException(Reason.NOT_FOUND, "sandbox: " + id + " is not there");
  }

  /** Whether somebody else made it, or ended it, meanwhile. */
  static boolean wasFaster(SandboxException refused) {
    String said = String.valueOf(refused.getMessage());
    return refused.reason() == Reason.NOT_FOUND
        || said.contains("is already in use")
        || said.contains("is not running")
        || said.contains("marked for removal");
  }

  private String create(SandboxId id, InspectVolumeResponse home) {
    return engine.call(
        "create container for files of " + id, docker -> command(docker, id, home).exec().getId());
  }

  private CreateContainerCmd command(
      DockerClient docker, SandboxId id, InspectVolumeResponse home) {
    var spec = new DockerHelperSpec(settings, id, home, ROLE);
    return spec.create(docker)
        .withUser(DockerContainerSpec.USER)
        .withCmd("sh", "-c", LINGER, "sh", Long.toString(settings.filesLinger().toSeconds()))
        .withHostConfig(
            spec.host(false)
                .withAutoRemove(true)
                .withLogConfig(new LogConfig(LogConfig.LoggingType.NONE)));
  }
}
