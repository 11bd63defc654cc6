package dev.chowder.server.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A PostgreSQL that a test may kill and start again. The work is {@code scripts/lib/postgres.sh}'s,
 * which also knows that it never runs as root.
 */
final class OwnPostgres implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /** Commits survive a kill without it: what was written is in the system's memory. */
  private static final String QUICK = "fsync=off max_connections=200";

  private final Path folder;
  private final int port;
  private final Thread end = Thread.ofPlatform().unstarted(this::stop);

  OwnPostgres() throws IOException {
    // Not in a test's own folder, where another user may not look.
    folder = Files.createTempDirectory("chowder-faults-postgres");
    try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Runtime.getRuntime().addShutdownHook(end);
    start();
  }

  int port() {
    return port;
  }

  /** As a server of tests' databases. */
  DatabaseServer server(int nodesPort) throws IOException {
    var url = "jdbc:postgresql://127.0.0.1:";
    var password = Files.readString(folder.resolve("password")).strip();
    return new DatabaseServer(url + port, url + nodesPort, "chowder", password);
  }

  /** Returns when it takes connections, and has recovered what a kill left. */
  void start() {
    script("postgres_ensure; postgres_start \"$1\" \"$2\" " + QUICK);
  }

  /** SIGKILL, to all of its processes at once. */
  void kill() throws IOException {
    var pid = Files.readAllLines(folder.resolve("data").resolve("postmaster.pid")).getFirst();
    var master = ProcessHandle.of(Long.parseLong(pid.strip())).orElseThrow();
    var all = new ArrayList<>(master.descendants().toList());
    all.add(master);
    // The master first: it would start again what it sees die.
    all.reversed().forEach(ProcessHandle::destroyForcibly);
    Await.until(LIMIT, () -> all.stream().noneMatch(ProcessHandle::isAlive), () -> "alive: " + all);
  }

  private void stop() {
    script("postgres_find; postgres_stop \"$1\"");
  }

  private void script(String order) {
    var lib = Path.of("..", "scripts", "lib").toAbsolutePath().normalize();
    var command = "set -euo pipefail; . \"$0/common.sh\"; . \"$0/postgres.sh\"; " + order + " 2>&1";
    try {
      var process =
          new ProcessBuilder(
                  List.of(
                      "bash",
                      "-c",
                      command,
                      lib.toString(),
                      folder.toString(),
                      Integer.toString(port)))
              .redirectErrorStream(true)
              .start();
      var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IllegalStateException(order + ": " + said);
      }
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  @Override
  public void close() {
    Runtime.getRuntime().removeShutdownHook(end);
    stop();
  }
}
