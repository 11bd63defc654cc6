package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/**
 * Reads the processor time of one container from the control groups of this host's kernel (v1 and
 * v2). Does not know the engine.
 */
final class CgroupProcessor {
  private static final Path ROOT = Path.of("/sys/fs/cgroup");

  private CgroupProcessor() {}

  /**
   * Returns the processor time of a running container since its start. Empty if its control group
   * is not visible from here, for example because the engine runs in a virtual machine.
   */
  static Optional<Duration> used(InspectContainerResponse container) {
    Long pid = container.getState().getPidLong();
    if (pid == null || pid <= 0) return Optional.empty();
    return used(lines(Path.of("/proc", pid.toString(), "cgroup")), container.getId(), ROOT);
  }

  /** As above, from the lines of {@code /proc/PID/cgroup}, each {@code NUMBER:CONTROLLERS:PATH}. */
  static Optional<Duration> used(List<String> lines, String containerId, Path root) {
    return lines.stream()
        // If the engine has other process ids, the process is a different one.
        .filter(line -> line.contains(containerId))
        .flatMap(line -> used(line.split(":", 3), root).stream())
        .findFirst();
  }

  private static Optional<Duration> used(String[] group, Path root) {
    var path = group[2].substring(1);
    if (group[1].isEmpty()) {
      return lines(root.resolve(path).resolve("cpu.stat")).stream()
          .filter(line -> line.startsWith("usage_usec "))
          .map(line -> Duration.of(Long.parseLong(line.substring(11)), ChronoUnit.MICROS))
          .findFirst();
    }
    if (!List.of(group[1].split(",")).contains("cpuacct")) return Optional.empty();
    return lines(root.resolve("cpuacct").resolve(path).resolve("cpuacct.usage")).stream()
        .map(line -> Duration.ofNanos(Long.parseLong(line)))
        .findFirst();
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException gone) {
      return List.of();
    }
  }
}
