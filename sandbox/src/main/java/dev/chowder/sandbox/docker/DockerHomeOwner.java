package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.LogConfig;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;

/**
 * Gives all files of a home volume to the user of its sandbox, in a container that can do nothing
 * else. Homes have another owner if they were just filled from the image, if an earlier version
 * created them, or if the range of users changed.
 */
record DockerHomeOwner(
    DockerApi engine,
    DockerSandboxSettings settings,
    DockerContainers containers,
    DockerHomes homes,
    DockerFiles files) {
  private static final String ROLE = "owner";

  /**
   * Changes the home folder itself last. Its owner therefore shows whether the change is complete,
   * and a change that was interrupted continues at the next start. Changes links, not their
   * targets.
   */
  private static final String CHANGE =
      "exec timeout \"$1\" find /home/node -xdev -depth ! -uid \"$2\" -exec chown -h \"$2\" {} +";

  /**
   * Makes the user of the container the owner of the home that it uses. No process of the sandbox
   * may run, unless the user owns the home already.
   */
  void ensure(SandboxId id, String container) {
    var created =
        containers
            .inspect(container)
            .orElseThrow(
                () -> SandboxException.notFound("start " + id, "its container was removed"));
    int user = SandboxUsers.of(created);
    if (files.owner(container) != user) change(id, user);
  }

  private void change(SandboxId id, int user) {
    var what = "change the owner of the home of " + id;
    var home = homes.inspect(id).orElseThrow(() -> SandboxException.noHome(id));
    // A node that ended during a change may have left its container.
    containers.remove(DockerContainers.helperName(id, ROLE));
    var container = engine.call(what, docker -> command(docker, id, home, user).exec().getId());
    try {
      containers.start(container);
      var limit = settings.measureTimeout().plus(settings.callTimeout());
      int exitCode =
          containers
              .awaitEnd(container, limit)
              .map(ended -> DockerObservations.exitCode(ended.getState()))
              .orElse(-1);
      if (exitCode != 0) {
        throw new SandboxException(
            Reason.TIMED_OUT,
            cannot(
                what,
                "it did not end in " + settings.measureTimeout().toSeconds() + " s",
                "start the instance again, which continues it"));
      }
    } finally {
      containers.remove(container);
    }
  }

  private CreateContainerCmd command(
      DockerClient docker, SandboxId id, InspectVolumeResponse home, int user) {
    var spec = new DockerHelperSpec(settings, id, home, ROLE);
    return spec.create(docker)
        .withUser("0:0")
        .withEntrypoint("sh", "-c", CHANGE, "sh")
        .withCmd(Long.toString(settings.measureTimeout().toSeconds()), Integer.toString(user))
        .withHostConfig(
            spec.host(false)
                .withCapAdd(Capability.CHOWN, Capability.DAC_READ_SEARCH)
                .withLogConfig(new LogConfig(LogConfig.LoggingType.NONE)));
  }
}
