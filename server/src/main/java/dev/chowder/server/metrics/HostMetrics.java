package dev.chowder.server.metrics;

import dev.chowder.sandbox.HostCapacity;
import dev.chowder.sandbox.SandboxHost;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.ToDoubleFunction;

/**
 * Gauges for the memory, the swap and the disk of the machine. A scrape reads them. An engine that
 * manages its machines itself has no gauges of memory.
 */
public final class HostMetrics {
  private HostMetrics() {}

  /**
   * Registers the gauges.
   *
   * @param home the state directory, whose disk is measured
   */
  public static void register(MeterRegistry metrics, SandboxHost host, Path home) {
    Gauge.builder("chowder.host.disk.free.bytes", home, HostMetrics::freeBytes)
        .description("Free space of the disk of the state directory")
        .strongReference(true)
        .register(metrics);
    if (host.equals(SandboxHost.NONE)) return;
    Gauge.builder("chowder.host.homes.disk.free.bytes", host, HostMetrics::freeBytesOfHomes)
        .description("Free space of the disk of the home volumes")
        .strongReference(true)
        .register(metrics);
    capacity(metrics, host, "memory.total.bytes", HostCapacity::totalBytes);
    capacity(metrics, host, "memory.available.bytes", HostCapacity::availableBytes);
    capacity(metrics, host, "swap.free.bytes", HostCapacity::swapFreeBytes);
    capacity(metrics, host, "zram.used.bytes", HostCapacity::compressedBytes);
    capacity(metrics, host, "memory.stalled.ratio", of -> of.stalledPercent() / 100);
  }

  private static void capacity(
      MeterRegistry metrics, SandboxHost host, String name, ToDoubleFunction<HostCapacity> part) {
    Gauge.builder("chowder.host." + name, host, h -> part.applyAsDouble(h.capacity()))
        // An engine may return a new object at each call.
        .strongReference(true)
        .register(metrics);
  }

  private static double freeBytesOfHomes(SandboxHost host) {
    var free = host.freeDiskBytes();
    return free.isPresent() ? free.getAsLong() : Double.NaN;
  }

  /** Returns the free bytes; NaN if they cannot be read. */
  private static double freeBytes(Path home) {
    try {
      return Files.getFileStore(home).getUsableSpace();
    } catch (IOException unknown) {
      return Double.NaN;
    }
  }
}
