package dev.chowder.sandbox.docker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Reads how long the tasks of this machine wait for memory: Linux's pressure stall information.
 * Does not know which processes wait.
 */
final class MemoryStall {
  /** The kernel's file. It is missing if the kernel was built or started without the feature. */
  static final Path KERNEL = Path.of("/proc/pressure/memory");

  private static final Pattern FULL = Pattern.compile("(?m)^full avg10=(\\d+(?:\\.\\d+)?) ");

  private final Path file;

  MemoryStall(Path file) {
    this.file = file;
  }

  /**
   * Returns the share of the last 10 s, in percent, in which all tasks waited for memory; 0 if the
   * kernel does not report it.
   */
  double percent() {
    try {
      var full = FULL.matcher(Files.readString(file));
      return full.find() ? Double.parseDouble(full.group(1)) : 0;
    } catch (IOException unavailable) {
      return 0;
    }
  }
}
