package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.base.KernelMemory;
import dev.chowder.sandbox.HostCapacity;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;

/** Reads the memory, the swap and the memory stall of this machine, which is also the engine's. */
final class HostMemory {
  private HostMemory() {}

  /**
   * Reads the memory. Fails if the engine does not respond, because nothing can be started then.
   */
  static HostCapacity read(DockerApi engine, DockerSandboxSettings settings) {
    // Every creation waits for this. The engine needs tens of milliseconds to describe its host, so
    // a ping is enough to show that it responds.
    engine.run("ping", docker -> docker.pingCmd().exec());
    var memory = memory();
    var swap = new HostSwap(settings.diskSwap());
    return new HostCapacity(
        memory.kib("MemTotal") * 1024,
        memory.kib("MemAvailable") * 1024,
        swap.freeBytes(),
        swap.compressedBytes(),
        new MemoryStall(MemoryStall.KERNEL).percent());
  }

  private static KernelMemory memory() {
    try {
      return KernelMemory.read(KernelMemory.FILE);
    } catch (IOException unreadable) {
      throw new SandboxException(
          Reason.REFUSED,
          cannot("read the host's memory", KernelMemory.FILE + " is not readable"),
          unreadable);
    }
  }
}
