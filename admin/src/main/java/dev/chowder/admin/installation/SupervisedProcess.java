package dev.chowder.admin.installation;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A process that {@code scripts/up} started, by the files of process.sh.
 *
 * @param home the state directory
 * @param name such as {@code server-2}
 */
record SupervisedProcess(Path home, String name) {
  /** The class of a node, which is in its command line. */
  private static final String NODE = "dev.chowder.server.Main";

  /** Returns whether the node or its supervisor, which restarts it, is alive. */
  boolean isRunning() {
    var run = home.resolve("run").resolve(name);
    return isAlive(
            run.resolveSibling(name + ".supervisor"),
            "supervise %s %s/".formatted(run, home.resolve("logs")))
        || isAlive(run.resolveSibling(name + ".pid"), NODE);
  }

  /**
   * Returns whether the process of a file is alive and its command line contains the words. Its id
   * alone is not enough: after a reboot another process can have it.
   */
  private static boolean isAlive(Path file, String words) {
    try {
      if (!Files.exists(file)) return false;
      var pid = Files.readString(file, StandardCharsets.US_ASCII).strip();
      if (!pid.matches("[0-9]{1,10}")) return false;
      var command = Files.readString(Path.of("/proc", pid, "cmdline"), StandardCharsets.ISO_8859_1);
      var words8 = new String(words.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
      return command.replace('\0', ' ').contains(words8);
    } catch (IOException ended) {
      return false;
    }
  }
}
