package dev.chowder.operate.swap;

import dev.chowder.base.KernelMemory;
import dev.chowder.operate.site.Site;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The swap devices and files of this host that are on.
 *
 * @param proc the file system of processes
 * @param sys the file system of devices
 */
record ActiveSwap(Path proc, Path sys) {
  private static final Pattern ZRAM = Pattern.compile("/dev/(zram[0-9]+)");

  /** The kernel writes blanks and some other characters in octal. */
  private static final Pattern ESCAPE = Pattern.compile("\\\\([0-7]{3})");

  static ActiveSwap ofHost() {
    return new ActiveSwap(Path.of("/proc"), Path.of("/sys"));
  }

  /** Returns the KiB in use of each device or file. */
  private Map<Path, Long> all() {
    var all = new LinkedHashMap<Path, Long>();
    // A kernel without swap has no such file.
    if (!Files.exists(proc.resolve("swaps"))) return all;
    for (var line : lines("swaps")) {
      var fields = line.split("[ \t]+", -1);
      if (!fields[0].startsWith("/")) continue;
      all.put(unescaped(fields[0]), fields.length > 3 ? Long.parseLong(fields[3]) : 0);
    }
    return all;
  }

  private static Path unescaped(String text) {
    return Path.of(
        ESCAPE
            .matcher(text)
            .replaceAll(
                match ->
                    Matcher.quoteReplacement(
                        Character.toString(Integer.parseInt(match.group(1), 8)))));
  }

  List<Path> paths() {
    return List.copyOf(all().keySet());
  }

  boolean isOn(Path path) {
    return all().containsKey(path);
  }

  /** Returns the KiB in use of a device or file; empty if it is off. */
  OptionalLong usedKib(Path path) {
    var used = all().get(path);
    return used == null ? OptionalLong.empty() : OptionalLong.of(used);
  }

  /**
   * Returns the swap that is not zram. zram with a backing device can write its pages to that disk.
   */
  List<Path> onDisk() {
    return paths().stream().filter(path -> !staysInMemory(path)).toList();
  }

  private boolean staysInMemory(Path path) {
    var zram = ZRAM.matcher(path.toString());
    if (!zram.matches()) return false;
    // The kernel of a device without this file cannot write pages to a disk.
    var disk = Site.text(sys.resolve("block").resolve(zram.group(1)).resolve("backing_dev"));
    return disk.orElse("none").equals("none");
  }

  /** Turns a device or file off. Returns false if its pages do not fit in memory. */
  boolean turnOff(Path path) {
    var used = usedKib(path);
    if (used.isEmpty()) return true;
    return used.getAsLong() < memoryKib("MemAvailable")
        && RootProgram.succeeds("swapoff", path.toString());
  }

  /** Returns a number of {@code /proc/meminfo}. */
  long memoryKib(String name) {
    try {
      return KernelMemory.read(proc.resolve("meminfo")).kib(name);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private List<String> lines(String name) {
    try {
      return Files.readAllLines(proc.resolve(name));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
