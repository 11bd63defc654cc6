package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.model.Info;
import dev.chowder.sandbox.SandboxDriver.HostCapacity;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** What memory the engine's host has; asks the kernel when the engine is on this machine. */
final class HostMemory {
  private static final Path MEMINFO = Path.of("/proc/meminfo");

  private HostMemory() {}

  /** Fails when the engine does not answer, since nothing can be started then. */
  static HostCapacity read(DockerEngine engine, DockerSandboxSettings settings) {
    if (settings.dockerHost().startsWith("unix:")) {
      // Every create waits for this, and what the engine tells of its host takes it tens of
      // milliseconds: whether it answers at all is enough.
      engine.tell("ping", docker -> docker.pingCmd().exec());
      var lines = meminfo();
      return new HostCapacity(bytes(lines, "MemTotal:"), bytes(lines, "MemAvailable:"));
    }
    // Another machine's kernel cannot be asked: what its engine has is all that is known.
    Info info = engine.call("info", docker -> docker.infoCmd().exec());
    long totalBytes = Objects.requireNonNullElse(info.getMemTotal(), 0L);
    return new HostCapacity(totalBytes, totalBytes);
  }

  private static List<String> meminfo() {
    try {
      return Files.readAllLines(MEMINFO);
    } catch (IOException unreadable) {
      throw new SandboxException(
          Reason.REFUSED, "memory of the host: " + MEMINFO + " cannot be read", unreadable);
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
