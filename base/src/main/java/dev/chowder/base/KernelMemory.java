package dev.chowder.base;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The numbers that Linux reports about the memory of a machine.
 *
 * @param all KiB by name, such as {@code MemTotal}
 */
public record KernelMemory(Map<String, Long> all) {
  public static final Path FILE = Path.of("/proc/meminfo");

  private static final Pattern LINE = Pattern.compile("(?m)^([^:\\n]+):\\s*([0-9]+) kB$");

  public static KernelMemory read(Path file) throws IOException {
    var all = new HashMap<String, Long>();
    LINE.matcher(Files.readString(file))
        .results()
        .forEach(line -> all.put(line.group(1), Long.valueOf(line.group(2))));
    return new KernelMemory(all);
  }

  public long kib(String name) {
    var kib = all.get(name);
    if (kib == null) throw new IllegalStateException("the kernel does not report " + name);
    return kib;
  }
}
