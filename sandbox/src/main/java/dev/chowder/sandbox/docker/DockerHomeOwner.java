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
import java.util.Map;

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
    DockerFiles files,
    DockerLogs logs) {
  private static final String ROLE = "owner";
  private static final int OUTPUT_BYTES = 1024;

  /** The exit code of {@code timeout} if the time has passed. */
  private static final int LATE = 124;

  /**
   * Changes the home folder itself after all its files. Its owner therefore shows whether the
   * change is complete, and a change that failed or was interrupted continues at the next start.
   * The second walk changes files whose paths are too long for the first one, which is faster.
   * Changes links, not their targets.
   */
  private static final String CHANGE =
      "exec timeout \"$1\" sh -c '"
          + "find /home/node -xdev -mindepth 1 -depth ! -uid \"$1\""
          + " -exec chown -h \"$1:$2\" {} + 2>/dev/null;"
          + " find /home/node -xdev -mindepth 1 -depth ! -uid \"$1\""
          + " -execdir chown -h \"$1:$2\" {} +"
          + " && chown \"$1:$2\" /home/node' sh \"$2\" \"$3\"";

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
    // A node that ended during a change may have left its container, which still changes files.
    containers.remove(DockerContainers.helperName(id, ROLE));
    if (files.owner(container) != user) change(id, user);
  }

  private void change(SandboxId id, int user) {
    var what = "change the owner of the home of " + id;
    var home = homes.inspect(id).orElseThrow(() -> SandboxException.noHome(id));
    // It writes files as the owner that the home has now.
    containers.remove(DockerContainers.helperName(id, DockerFilesContainer.ROLE));
    var container = engine.call(what, docker -> command(docker, id, home, user).exec().getId());
    try {
      containers.start(container);
      var limit = settings.measureTimeout().plus(settings.callTimeout());
      var ended = containers.awaitEnd(container, limit);
      if (ended.isEmpty() && containers.inspect(container).isEmpty()) {
        throw new SandboxException(Reason.REFUSED, cannot(what, "another start began", "retry"));
      }
      int exitCode = ended.map(end -> DockerObservations.exitCode(end.getState())).orElse(LATE);
      if (exitCode == LATE) {
        throw new SandboxException(
            Reason.TIMED_OUT,
            cannot(
                what,
                "it did not end in " + settings.measureTimeout().toSeconds() + " s",
                "start the instance again, which continues it"));
      }
      if (exitCode != 0) {
        throw new SandboxException(
            Reason.REFUSED,
            cannot(what, "exit code " + exitCode + reason(logs.tail(container, OUTPUT_BYTES))));
      }
    } finally {
      containers.remove(container);
    }
  }

  /** Returns the end of the last error, without the name of the file, which an agent chose. */
  private static String reason(String output) {
    var last = output.strip();
    int end = last.lastIndexOf(": ");
    return end < 0 ? "" : last.substring(end);
  }

  private CreateContainerCmd command(
      DockerClient docker, SandboxId id, InspectVolumeResponse home, int user) {
    var spec = new DockerHelperSpec(settings, id, home, ROLE);
    return spec.create(docker)
        .withUser("0:0")
        .withEntrypoint("sh", "-c", CHANGE, "sh")
        .withCmd(
            Long.toString(settings.measureTimeout().toSeconds()),
            Integer.toString(user),
            Integer.toString(SandboxUsers.GROUP))
        .withHostConfig(
            spec.host(false)
                .withCapAdd(Capability.CHOWN, Capability.DAC_READ_SEARCH)
                .withLogConfig(
                    new LogConfig(
                        LogConfig.LoggingType.JSON_FILE,
                        Map.of(
                            "max-size", Long.toString(settings.logFileBytes()), "max-file", "1"))));
  }
}
