package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.sandbox.HostCapacity;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Reads the memory, the swap and the memory stall of this machine, which is also the engine's. */
final class HostMemory {
  private static final Path MEMINFO = Path.of("/proc/meminfo");

  private HostMemory() {}

  /**
   * Reads the memory. Fails if the engine does not respond, because nothing can be started then.
   */
  static HostCapacity read(DockerApi engine, DockerSandboxSettings settings) {
    // Every creation waits for this. The engine needs tens of milliseconds to describe its host, so
    // a ping is enough to show that it responds.
    engine.run("ping", docker -> docker.pingCmd().exec());
    var lines = meminfo();
    var swap = new HostSwap(settings.diskSwap());
    return new HostCapacity(
        bytes(lines, "MemTotal:"),
        bytes(lines, "MemAvailable:"),
        swap.freeBytes(),
        swap.compressedBytes(),
        new MemoryStall(MemoryStall.KERNEL).percent());
  }

  private static List<String> meminfo() {
    try {
      return Files.readAllLines(MEMINFO);
    } catch (IOException unreadable) {
      throw new SandboxException(
          Reason.REFUSED,
          cannot("read the host's memory", MEMINFO + " is not readable"),
          unreadable);
    }
  }

  private static long bytes(List<String> lines, String name) {
    return lines.stream()
        .filter(line -> line.startsWith(name))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
        .findFirst()
        .orElse(0);
  }
}
