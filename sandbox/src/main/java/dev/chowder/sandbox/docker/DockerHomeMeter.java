package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.LogConfig;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.SandboxId;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Measures home volumes. Walks each in a container that can read every file and do nothing else.
 * The engine can only measure all volumes together, without a time limit.
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
   * Each hard link counts as its share of the file, so the sum is right without a list of counted
   * files. No name is printed, because an agent chose it. Errors are ignored, because a home volume
   * changes during the walk. Only a walk that timed out (124) does not count.
   */
  private static final String WALK =
      "{ timeout \"$1\" find /home/node -xdev -printf '%b %n\\n' 2>/dev/null;"
          + " [ $? = 124 ] && echo ended; } | awk -v blocks=\"$2\" -v files=\"$3\" '"
          + "$1 == \"ended\" { ended = 1; exit }"
          + "{ sum += $1 / $2; if (sum > blocks || NR > files) exit }"
          + "END { if (!ended) printf \"usage %.0f %d\\n\", sum * 512, NR }'";

  Optional<HomeUsage> measure(SandboxId id, HomeUsage most) {
    var home = homes.inspect(id);
    if (home.isEmpty()) return Optional.empty();
    var name = DockerContainers.name(id, ROLE);
    // A node that ended during a measurement may have left its container.
    containers.remove(name);
    var container =
        engine.call(
            "create container to measure " + id,
            docker -> command(docker, id, home.get(), most).exec().getId());
    try {
      containers.start(container);
      var limit = settings.measureTimeout().plus(settings.callTimeout());
      if (containers.awaitEnd(container, limit).isEmpty()) return Optional.empty();
      var result = RESULT.matcher(logs.tail(container, OUTPUT_BYTES).strip());
      return result.matches()
          ? Optional.of(
              new HomeUsage(Long.parseLong(result.group(1)), Long.parseLong(result.group(2))))
          : Optional.empty();
    } finally {
      containers.remove(container);
      homes.removeEngineCreated(id);
    }
  }

  private CreateContainerCmd command(
      DockerClient docker, SandboxId id, InspectVolumeResponse home, HomeUsage most) {
    var spec = new DockerHelperSpec(settings, id, home, ROLE);
    return spec.create(docker)
        .withUser("0:0")
        .withEntrypoint("sh", "-c", WALK, "sh")
        .withCmd(
            Long.toString(settings.measureTimeout().toSeconds()),
            Long.toString(most.bytes() / 512),
            Long.toString(most.files()))
        .withHostConfig(
            spec.host(true)
                // The agent may have made folders unreadable for its own user.
                .withCapAdd(Capability.DAC_READ_SEARCH)
                .withLogConfig(
                    new LogConfig(
                        LogConfig.LoggingType.JSON_FILE,
                        Map.of(
                            "max-size", Long.toString(settings.logFileBytes()), "max-file", "1"))));
  }
}
