package dev.chowder.admin.installation;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * A node that {@code scripts/up} started, by the files of process.sh.
 *
 * @param home the state directory
 * @param name such as {@code server-2}
 */
record SupervisedProcess(Path home, String name) {
  /** The class of a node, which is in its command line. */
  private static final String NODE = "dev.chowder.server.Main";

  /** Returns whether the node or its supervisor, which restarts it, is alive. */
  boolean isRunning() {
    return supervisor().isPresent() || node().isPresent();
  }

  /**
   * Sends SIGTERM to the supervisor, which passes it on, and waits until both processes have ended.
   *
   * @return whether they ended within the limit
   */
  boolean stop(Duration limit) throws InterruptedException {
    var ends =
        Stream.of(supervisor(), node())
            .flatMap(Optional::stream)
            .map(ProcessHandle::onExit)
            .toArray(CompletableFuture<?>[]::new);
    supervisor().ifPresent(ProcessHandle::destroy);
    try {
      var _ = CompletableFuture.allOf(ends).get(limit.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException over) {
      return false;
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Returns the process that restarts the node when it ends by itself. */
  Optional<ProcessHandle> supervisor() {
    var run = home.resolve("run").resolve(name);
    return find(
        run.resolveSibling(name + ".supervisor"),
        "supervise %s %s/".formatted(run, home.resolve("logs")));
  }

  private Optional<ProcessHandle> node() {
    return find(home.resolve("run").resolve(name + ".pid"), NODE);
  }

  /**
   * Returns the process of a file if it is alive and its command line contains the words. Its id
   * alone is not enough: after a reboot another process can have it.
   */
  private static Optional<ProcessHandle> find(Path file, String words) {
    try {
      if (!Files.exists(file)) return Optional.empty();
      var pid = Files.readString(file, StandardCharsets.US_ASCII).strip();
      if (!pid.matches("[0-9]{1,10}")) return Optional.empty();
      var command = Files.readString(Path.of("/proc", pid, "cmdline"), StandardCharsets.ISO_8859_1);
      var words8 = new String(words.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
      return command.replace('\0', ' ').contains(words8)
          ? ProcessHandle.of(Long.parseLong(pid))
          : Optional.empty();
    } catch (IOException ended) {
      return Optional.empty();
    }
  }
}
