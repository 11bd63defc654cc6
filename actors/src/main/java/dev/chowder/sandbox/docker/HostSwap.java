package dev.chowder.sandbox.docker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Reads from the kernel how much swap this host has for the memory of agents. That memory holds
 * provider keys, so a host with swap on a disk has none for it unless the operator permits that:
 * the kernel decides to which swap a page goes. A compressed device with a backing device can write
 * its pages to that disk.
 */
final class HostSwap {
  /**
   * Swapped bytes that a compressed device (zram) holds for each byte of memory that it may use.
   * OpenClaw's memory compresses to 1/2.6; programs of its agent may compress less.
   */
  private static final long ASSUMED_COMPRESSION = 2;

  private final Path swaps;
  private final Path devices;
  private final boolean diskPermitted;

  HostSwap(boolean diskPermitted) {
    this(Path.of("/proc/swaps"), Path.of("/sys/block"), diskPermitted);
  }

  HostSwap(Path swaps, Path devices, boolean diskPermitted) {
    this.swaps = swaps;
    this.devices = devices;
    this.diskPermitted = diskPermitted;
  }

  /** Returns the free swap. A compressed device can be full before all its pages are in use. */
  long freeBytes() {
    return entries()
        .mapToLong(
            entry -> Math.min(kibibytes(entry[2]) - kibibytes(entry[3]), compressedFree(entry[0])))
        .sum();
  }

  /** Returns whether a compressed device, which takes memory, is among the swap. */
  boolean isInMemory() {
    return entries().anyMatch(entry -> isCompressed(entry[0]));
  }

  /** Returns the lines without the header: {@code PATH TYPE SIZE USED PRIORITY}. */
  private Stream<String[]> entries() {
    var all =
        lines(swaps).stream()
            .skip(1)
            .map(line -> line.split("\\s+", -1))
            .filter(entry -> entry.length >= 4)
            .toList();
    return diskPermitted || all.stream().noneMatch(entry -> reachesDisk(entry[0]))
        ? all.stream()
        : Stream.empty();
  }

  private static boolean isCompressed(String device) {
    return device.matches("/dev/zram\\d+");
  }

  private boolean reachesDisk(String device) {
    // The kernel has this file only if it can write pages back.
    return !isCompressed(device)
        || !lines(file(device, "backing_dev")).stream()
            .allMatch(line -> line.strip().equals("none"));
  }

  private long compressedFree(String device) {
    if (!isCompressed(device)) return Long.MAX_VALUE;
    // The third number is the memory in use, and the fourth its limit; 0 is no limit.
    return lines(file(device, "mm_stat")).stream()
        .map(line -> line.strip().split("\\s+", -1))
        .filter(stat -> stat.length >= 4 && !stat[3].equals("0"))
        .map(stat -> Math.max(0, Long.parseLong(stat[3]) - Long.parseLong(stat[2])))
        .map(free -> free * ASSUMED_COMPRESSION)
        .findFirst()
        .orElse(Long.MAX_VALUE);
  }

  private Path file(String device, String name) {
    return devices.resolve(device.substring(device.lastIndexOf('/') + 1)).resolve(name);
  }

  private static long kibibytes(String count) {
    return Long.parseLong(count) * 1024;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException absent) {
      return List.of();
    }
  }
}
