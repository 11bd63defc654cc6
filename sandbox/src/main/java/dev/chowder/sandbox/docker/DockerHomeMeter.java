package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.LogConfig;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Measures home volumes. Walks each in a container that can read every file and do nothing else.
 * While the main process runs, the container shares its processes, so that it sees the files that
 * they have open. The engine can only measure all volumes together, without a time limit.
 */
record DockerHomeMeter(
    DockerApi engine,
    DockerSandboxSettings settings,
    DockerContainers containers,
    DockerHomes homes,
    DockerLogs logs) {
  private static final String ROLE = "meter";
  private static final Pattern RESULT = Pattern.compile("usage ([0-9]{1,18}) ([0-9]{1,18})");
  private static final int OUTPUT_BYTES = 1024;

  /**
   * Counts files that are deleted but open first. Their disk space is not free, and no folder shows
   * them. Each counts once, however many processes have it open, and only if it is of the disk of
   * the home: a deleted file of /tmp is memory.
   *
   * <p>Each hard link counts as its share of the file, so the sum is right without a list of
   * counted files. No name is printed, because an agent chose it. Errors are ignored, because a
   * home volume changes during the walk. Only a walk that timed out (124) does not count.
   */
  private static final String WALK =
      "home=$(find /home/node -maxdepth 0 -printf %D);"
          + "{ timeout \"$1\" sh -c '"
          + "find -L /proc/[0-9]*/fd -mindepth 1 -maxdepth 1 -type f -links 0"
          + " -printf \"open %D %i %b\\n\";"
          + "find /home/node -xdev -printf \"%b %n\\n\"' 2>/dev/null;"
          + " [ $? = 124 ] && echo ended; }"
          + " | awk -v home=\"$home\" -v blocks=\"$2\" -v files=\"$3\" '"
          + "$1 == \"ended\" { ended = 1; exit }"
          + "$1 == \"open\" { if ($2 != home || counted[$3]++) next; sum += $4; count++; next }"
          + "{ sum += $1 / $2; count++; if (sum > blocks || count > files) exit }"
          + "END { if (!ended) printf \"usage %.0f %d\\n\", sum * 512, count }'";

  Optional<HomeUsage> measure(SandboxId id, HomeUsage most) {
    var home = homes.inspect(id);
    if (home.isEmpty()) return Optional.empty();
    var name = DockerContainers.helperName(id, ROLE);
    // A node that ended during a measurement may have left its container.
    containers.remove(name);
    var container = start(id, home.get(), most, mainProcess(id));
    try {
      var limit = settings.measureTimeout().plus(settings.callTimeout());
      boolean ended = containers.awaitEnd(container, limit).isPresent();
      if (!ended && containers.inspect(container).isEmpty()) {
        throw new SandboxException(
            SandboxException.Reason.REFUSED,
            cannot("measure the home of " + id, "another measurement began", "retry"));
      }
      var result = RESULT.matcher(ended ? logs.tail(container, OUTPUT_BYTES).strip() : "");
      if (!result.matches()) {
        throw new SandboxException(
            SandboxException.Reason.TIMED_OUT,
            cannot(
                "measure the home of " + id,
                "the walk did not end in " + settings.measureTimeout().toSeconds() + " s"));
      }
      return Optional.of(
          new HomeUsage(Long.parseLong(result.group(1)), Long.parseLong(result.group(2))));
    } finally {
      containers.remove(container);
      homes.removeEngineCreated(id);
    }
  }

  /**
   * Returns the container of the main process. A runtime with a virtual machine for each container
   * shares no processes with another one, so deleted files are not counted there.
   */
  private Optional<String> mainProcess(SandboxId id) {
    if (!settings.runtime().isEmpty()) return Optional.empty();
    return containers
        .find(id, DockerLabels.GATEWAY)
        .filter(DockerContainers::runs)
        .map(InspectContainerResponse::getId);
  }

  private String start(
      SandboxId id, InspectVolumeResponse home, HomeUsage most, Optional<String> processes) {
    var container =
        engine.call(
            "create container to measure " + id,
            docker -> command(docker, id, home, most, processes).exec().getId());
    try {
      containers.start(container);
      return container;
    } catch (SandboxException why) {
      containers.remove(container);
      homes.removeEngineCreated(id);
      if (processes.isEmpty() || mainProcess(id).equals(processes)) throw why;
      // The main process ended meanwhile.
      return start(id, home, most, Optional.empty());
    }
  }

  private CreateContainerCmd command(
      DockerClient docker,
      SandboxId id,
      InspectVolumeResponse home,
      HomeUsage most,
      Optional<String> processes) {
    var spec = new DockerHelperSpec(settings, id, home, ROLE);
    var host =
        spec.host(true)
            .withLogConfig(
                new LogConfig(
                    LogConfig.LoggingType.JSON_FILE,
                    Map.of("max-size", Long.toString(settings.logFileBytes()), "max-file", "1")));
    // The agent may have made folders unreadable for its own user.
    if (processes.isEmpty()) host.withCapAdd(Capability.DAC_READ_SEARCH);
    else {
      // The second capability is needed to see which files another user's process has open.
      host.withCapAdd(Capability.DAC_READ_SEARCH, Capability.SYS_PTRACE)
          .withPidMode("container:" + processes.get());
    }
    return spec.create(docker)
        .withUser("0:0")
        .withEntrypoint("sh", "-c", WALK, "sh")
        .withCmd(
            Long.toString(settings.measureTimeout().toSeconds()),
            Long.toString(most.bytes() / 512),
            Long.toString(most.files()))
        .withHostConfig(host);
  }
}
