package dev.chowder.bench;

import dev.chowder.program.ProgramException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The node that {@link Fleet} measures. Stops it, and starts its supervisor again, with the same
 * command and variables. A start does not use {@code scripts/up}, whose other steps would precede
 * the first call of the bench.
 */
final class FleetNode {
  private static final int STOP_SECONDS = 60;

  private final BenchRun run;
  private final Path home;
  private final String supervise;
  private final Map<String, String> variables = new HashMap<>();

  /**
   * Describes a running node.
   *
   * @param home the state directory
   * @param supervise the program that restarts a process when it ends
   */
  FleetNode(BenchRun run, Path home, String supervise) {
    this.run = run;
    this.home = home;
    this.supervise = supervise;
  }

  /** Returns when the process and its supervisor have ended. */
  void stop() throws Exception {
    long supervisor = pid(file("supervisor"));
    remember(supervisor);
    var process = handle(supervisor);
    process.destroy();
    try {
      var _ = process.onExit().get(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException stillRuns) {
      throw new ProgramException(
          "the node did not stop within %d s of SIGTERM".formatted(STOP_SECONDS), stillRuns);
    }
  }

  /** Keeps the variables of the supervisor, to which {@code scripts/up} added some. */
  private void remember(long supervisor) throws IOException {
    var all = Files.readString(Path.of("/proc", Long.toString(supervisor), "environ"));
    for (var one : all.split("\0", -1)) {
      var parts = one.split("=", 2);
      if (parts.length == 2) variables.put(parts[0], parts[1]);
    }
  }

  /** Returns when the process has an id, before it serves. */
  void start() throws Exception {
    var log = home.resolve("logs/server.log").toFile();
    // A session of its own, as after scripts/up, so that Ctrl-C does not reach it.
    var words = List.of("setsid", supervise, base().toString(), log.toString());
    var builder =
        new ProcessBuilder(words)
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log));
    builder.environment().clear();
    builder.environment().putAll(variables);
    var supervisor = run.start(builder);
    // scripts/down finds it by this file.
    Files.writeString(file("supervisor"), supervisor.pid() + "\n");
    Await.until("the node's process", () -> Files.exists(file("pid")));
  }

  /** Returns when the node's process was started. */
  Instant started() throws IOException {
    return handle(pid(file("pid")))
        .info()
        .startInstant()
        .orElseThrow(() -> new IOException("the node does not run"));
  }

  private Path base() {
    return home.resolve("run/server");
  }

  private Path file(String kind) {
    return base().resolveSibling("server." + kind);
  }

  private static ProcessHandle handle(long pid) throws IOException {
    return ProcessHandle.of(pid).orElseThrow(() -> new IOException("the node does not run"));
  }

  /** Returns the process id in the first line of a file. */
  static long pid(Path file) throws IOException {
    return Long.parseLong(Files.readAllLines(file).getFirst().strip());
  }
}
