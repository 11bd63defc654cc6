package dev.chowder.sandbox.docker;

import dev.chowder.sandbox.SandboxDriver.HostCapacity;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** What memory the engine's host has; asks the kernel when the engine is on this machine. */
final class HostMemory {
  private static final Path MEMINFO = Path.of("/proc/meminfo");

  private HostMemory() {}

  static HostCapacity read(DockerEngine engine, DockerSandboxSettings settings) {
    long totalBytes =
        engine.call(
            "info",
            docker -> Objects.requireNonNullElse(docker.infoCmd().exec().getMemTotal(), 0L));
    if (!settings.dockerHost().startsWith("unix:")) {
      // Another machine's kernel cannot be asked: what its engine has is all that is known.
      return new HostCapacity(totalBytes, totalBytes);
    }
    return new HostCapacity(totalBytes, availableBytes());
  }

  private static long availableBytes() {
    try {
      return Files.readAllLines(MEMINFO).stream()
          .filter(line -> line.startsWith("MemAvailable:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException unreadable) {
      throw new SandboxException(
          Reason.REFUSED, "memory of the host: " + MEMINFO + " cannot be read", unreadable);
    }
  }
}
