package dev.chowder.sandbox.docker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
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

  /** Returns how much memory the compressed devices take. */
  long compressedBytes() {
    return entries()
        .filter(entry -> isCompressed(entry[0]))
        .flatMap(entry -> stat(entry[0]).stream())
        .mapToLong(CompressedMemory::used)
        .sum();
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
    return stat(device)
        .filter(memory -> memory.limit() > 0)
        .map(memory -> Math.max(0, memory.limit() - memory.used()) * ASSUMED_COMPRESSION)
        .orElse(Long.MAX_VALUE);
  }

  /**
   * The memory of a compressed device, in bytes.
   *
   * @param limit 0 if there is none
   */
  private record CompressedMemory(long used, long limit) {}

  /** Reads the third and the fourth number of the device's statistics. */
  private Optional<CompressedMemory> stat(String device) {
    return lines(file(device, "mm_stat")).stream()
        .map(line -> line.strip().split("\\s+", -1))
        .filter(stat -> stat.length >= 4)
        .map(stat -> new CompressedMemory(Long.parseLong(stat[2]), Long.parseLong(stat[3])))
        .findFirst();
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
