package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import dev.chowder.sandbox.MemoryUse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The memory controller of one container's control group, as files of this host's kernel (cgroup v1
 * and v2). Does not know the engine.
 */
record CgroupMemory(Path directory, boolean v2) {
  private static final Path ROOT = Path.of("/sys/fs/cgroup");

  /** Time limit of a write that changes only a limit. */
  private static final Duration AT_ONCE = Duration.ofSeconds(10);

  private static final String SWAP_LIMIT = "memory.swap.max";

  /** The file of the usage above which the kernel slows processes down and reclaims. */
  private static final String SLOW_ABOVE = "memory.high";

  private static final String NO_LIMIT = "max";

  /**
   * Finds the control group of a running container. Empty if it is not visible from here, for
   * example because the engine runs in a virtual machine.
   */
  static Optional<CgroupMemory> of(InspectContainerResponse container) {
    Long pid = container.getState().getPidLong();
    if (pid == null || pid <= 0) return Optional.empty();
    return of(lines(Path.of("/proc", pid.toString(), "cgroup")), container.getId(), ROOT);
  }

  /**
   * Finds the control group from the lines of {@code /proc/PID/cgroup}. Each is {@code
   * NUMBER:CONTROLLERS:PATH}; version 2 has no controllers there. On a host with both versions, the
   * one that has the memory controller is used.
   */
  static Optional<CgroupMemory> of(List<String> lines, String containerId, Path root) {
    return Stream.of(":memory:/", "::/")
        .flatMap(
            kind ->
                lines.stream()
                    .filter(line -> line.contains(kind))
                    // If the engine has other process ids, the process is a different one.
                    .filter(line -> line.contains(containerId))
                    .map(line -> line.substring(line.indexOf(kind) + kind.length()))
                    .map(
                        path ->
                            kind.equals("::/")
                                ? new CgroupMemory(root.resolve(path), true)
                                : new CgroupMemory(root.resolve("memory").resolve(path), false)))
        .filter(found -> Files.isReadable(found.directory.resolve(found.usage())))
        .findFirst();
  }

  private String usage() {
    return v2 ? "memory.current" : "memory.usage_in_bytes";
  }

  /** Returns the memory in use; empty if the control group was removed meanwhile. */
  Optional<MemoryUse> use() {
    List<String> stat = lines(directory.resolve("memory.stat"));
    return number(usage())
        .map(
            used ->
                new MemoryUse(
                    Math.max(0, used - field(stat, v2 ? "inactive_file" : "total_inactive_file")),
                    v2 ? number("memory.swap.current").orElse(0L) : field(stat, "total_swap")));
  }

  /** Returns the ids of the processes on this host. */
  List<Long> processes() {
    return lines(directory.resolve("cgroup.procs")).stream().map(Long::valueOf).toList();
  }

  /**
   * Reclaims all memory of the frozen processes that the kernel can move to swap or drop. Lowers no
   * limit at which the kernel ends a process. If swap becomes full, the rest stays resident.
   *
   * @param limit maximum duration; the memory that was reclaimed until then stays so
   * @return why not all memory was reclaimed, if the kernel gave a reason
   */
  Optional<String> reclaim(Duration limit) throws InterruptedException {
    if (!v2) {
      return write("memory.force_empty", "0", limit);
    }
    Optional<String> refused = permitSwap();
    if (refused.isPresent()) return refused;
    try {
      return Files.exists(directory.resolve("memory.reclaim"))
          ? write("memory.reclaim", Long.toString(number(usage()).orElse(0L)), limit)
          // Linux before 5.19. A write reclaims down to this value, at which the kernel slows
          // processes down and does not end them.
          : write(SLOW_ABOVE, "0", limit);
    } finally {
      restore();
    }
  }

  /**
   * Lets a frozen process use swap (v2), at most as much as it may use memory. The limit matters if
   * the server ends before {@link #restore}.
   */
  private Optional<String> permitSwap() throws InterruptedException {
    if (!limitsSwap()) return Optional.empty();
    return write(SWAP_LIMIT, number("memory.max").map(String::valueOf).orElse(NO_LIMIT), AT_ONCE);
  }

  /**
   * Restores the limits of a running process (v2). The kernel moves no further memory of it to
   * swap. Pages that are there stay until the process uses them. In v1 no limit changes, and a host
   * that runs out of memory may swap any process.
   */
  void restore() throws InterruptedException {
    if (!v2) return;
    if (lines(directory.resolve(SLOW_ABOVE)).equals(List.of("0"))) {
      var _ = write(SLOW_ABOVE, NO_LIMIT, AT_ONCE);
    }
    if (limitsSwap() && !number(SWAP_LIMIT).equals(Optional.of(0L))) {
      var _ = write(SWAP_LIMIT, "0", AT_ONCE);
    }
  }

  private Optional<String> write(String file, String value, Duration limit)
      throws InterruptedException {
    return KernelFile.write(directory.resolve(file), value, limit);
  }

  private boolean limitsSwap() {
    return v2 && Files.exists(directory.resolve(SWAP_LIMIT));
  }

  /** Returns the number in a file; empty if it is not readable or contains another word. */
  private Optional<Long> number(String file) {
    return lines(directory.resolve(file)).stream()
        .findFirst()
        .filter(text -> text.matches("\\d{1,18}"))
        .map(Long::valueOf);
  }

  private static long field(List<String> stat, String name) {
    return stat.stream()
        .filter(line -> line.startsWith(name + " "))
        .mapToLong(line -> Long.parseLong(line.substring(name.length() + 1)))
        .findFirst()
        .orElse(0);
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException gone) {
      return List.of();
    }
  }
}
