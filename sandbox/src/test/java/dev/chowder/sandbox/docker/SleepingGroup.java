package dev.chowder.sandbox.docker;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/**
 * A program for {@code Cgroup2Check}, which runs it where JUnit does not run: moves the memory of a
 * frozen container to swap or reads it back, as {@link DockerSleep} does, and prints what the
 * kernel said. Has a wait of its own, because the virtual machine has no Awaitility.
 */
final class SleepingGroup {
  private static final Duration LIMIT = Duration.ofMinutes(5);

  private SleepingGroup() {}

  /** Arguments: {@code page-out} or {@code read}, the id of a process, the id of its container. */
  public static void main(String[] args) throws Exception {
    var group =
        CgroupMemory.of(
                Files.readAllLines(Path.of("/proc", args[1], "cgroup")),
                args[2],
                Path.of("/sys/fs/cgroup"))
            .orElseThrow();
    System.out.println(args[0].equals("read") ? read(group) : pageOut(group));
  }

  private static String pageOut(CgroupMemory group) throws InterruptedException {
    return group.reclaim(LIMIT).orElse("all was reclaimed");
  }

  private static String read(CgroupMemory group) throws InterruptedException {
    try (var swap = new SwapReader()) {
      // Pages that were read ahead also keep their place in swap until the process uses them.
      long wanted = group.use().orElseThrow().swappedBytes() * 9 / 10;
      group.restore();
      swap.start(group.processes());
      Instant end = Instant.now().plus(LIMIT);
      while (group.use().orElseThrow().residentBytes() < wanted) {
        if (!swap.isPermitted() || Instant.now().isAfter(end)) return "not all was read";
        Thread.sleep(100);
      }
      return "all was read";
    }
  }
}
