package dev.chowder.operate.state;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A process that {@code chowder up} started, by its files. {@code run/NAME.pid} has its id, and
 * {@code run/NAME.supervisor} that of its supervisor, which restarts it.
 *
 * @param home the state directory
 * @param name such as {@code server-2}
 * @param mark a part of its command line
 */
public record SupervisedProcess(Path home, String name, String mark) {
  /** The class of a node, which is in its command line. */
  public static final String NODE = "dev.chowder.server.Main";

  /** Returns whether the process or its supervisor, which restarts it, is alive. */
  public boolean isRunning() {
    return !handles().isEmpty();
  }

  /** Returns the supervisor and the process, as far as they are alive. */
  public List<ProcessHandle> handles() {
    return Stream.of(supervisor(), process()).flatMap(Optional::stream).toList();
  }

  /**
   * Sends SIGTERM to the supervisor, which passes it on, and waits until both processes have ended.
   *
   * @return whether they ended within the limit
   */
  boolean stop(Duration limit) {
    var all = handles();
    supervisor().ifPresent(ProcessHandle::destroy);
    return Poll.until(limit, () -> all.stream().noneMatch(ProcessHandle::isAlive));
  }

  /** Returns the process that restarts this one when it ends by itself. */
  public Optional<ProcessHandle> supervisor() {
    var run = home.resolve("run").resolve(name);
    return find(
        run.resolveSibling(name + ".supervisor"),
        "supervise %s %s/".formatted(run, home.resolve("logs")));
  }

  /** Returns the process itself. */
  public Optional<ProcessHandle> process() {
    return find(home.resolve("run").resolve(name + ".pid"), mark);
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
      var process = Path.of("/proc", pid);
      var command = Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
      var words8 = new String(words.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
      return Arrays.stream(command.split("\0", -1))
              .map(word -> absolute(word, process))
              .collect(Collectors.joining(" "))
              .contains(words8)
          ? ProcessHandle.of(Long.parseLong(pid))
          : Optional.empty();
    } catch (IOException ended) {
      return Optional.empty();
    }
  }

  /**
   * Version 0.1.0 passed the state directory as the user wrote it: relative, or with two slashes.
   */
  private static String absolute(String word, Path process) {
    if (!word.contains("/") || word.startsWith("-")) return word;
    return (word.startsWith("/") ? word : folder(process) + "/" + word).replaceAll("/+", "/");
  }

  /** Returns the working directory of a process; that of the root if this user may not see it. */
  private static String folder(Path process) {
    try {
      return Files.readSymbolicLink(process.resolve("cwd")).toString();
    } catch (IOException hidden) {
      return "";
    }
  }
}
