package dev.chowder.operate.state;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The state directory of an installation, with the files that {@code chowder up} keeps there. Does
 * not know the database.
 *
 * @param home the state directory, which may not exist yet
 */
public record Installation(Path home) {
  /** The most nodes on one machine. */
  public static final int MAX_NODES = 9;

  /** The ports of each node are this far above those of the previous one. */
  public static final int PORTS_APART = 10;

  private static final String CLUSTER_ID = "cluster-id";
  private static final int CLUSTER_ID_BYTES = 4;

  public Path clusterIdFile() {
    return home.resolve(CLUSTER_ID);
  }

  /** Fails unless {@code scripts/up} or a restore created it. */
  public void requireCreated() {
    if (clusterId().isPresent()) return;
    throw ExitCode.USAGE.failure(
        "CHOWDER_HOME: must be an installation that \"chowder up\" created; got " + home);
  }

  /** Creates its folders, which only this user can read. */
  public void createFolders() {
    for (var folder : new Path[] {home, home.resolve("run"), home.resolve("logs")}) {
      OwnerOnly.createFolders(folder);
    }
  }

  /**
   * Gives it a cluster id if it has none. The cluster id distinguishes its agents from those of
   * other installations on the same engine.
   *
   * @param wanted a certain id; otherwise a random one for a new installation
   * @throws CommandException if it has another id: it would not recognize its agents
   */
  public void ensureClusterId(Optional<String> wanted) {
    var existing = clusterId();
    if (existing.isEmpty()) {
      OwnerOnly.write(clusterIdFile(), wanted.orElseGet(Installation::randomId));
    } else if (wanted.isPresent() && !wanted.equals(existing)) {
      throw ExitCode.USAGE.failure(
          "CHOWDER_CLUSTER_ID: must be unset or %s, the first id of %s; got %s"
              .formatted(existing.get(), home, wanted.get()));
    }
  }

  private Optional<String> clusterId() {
    return OwnerOnly.text(clusterIdFile());
  }

  /** Returns the number of its nodes on this machine, as of the last start. */
  public int nodes() {
    var number = OwnerOnly.text(home.resolve("nodes")).orElse("1");
    if (number.matches("[1-" + MAX_NODES + "]")) return Integer.parseInt(number);
    throw ExitCode.USAGE.failure(
        "%s: must be 1 to %d; got %s; run \"chowder up --nodes NUMBER\""
            .formatted(home.resolve("nodes"), MAX_NODES, number));
  }

  /** Fails if a node runs, since its writes would conflict with the work. */
  public void requireStopped(String work) {
    if (!isRunning()) return;
    throw ExitCode.CONFLICT.failure("the server is running: run \"chowder down\" before " + work);
  }

  /** Returns whether {@code scripts/up} started a node that still runs. */
  public boolean isRunning() {
    return IntStream.rangeClosed(1, MAX_NODES)
        .mapToObj(this::process)
        .anyMatch(SupervisedProcess::isRunning);
  }

  /**
   * Stops a node in order: it finishes its calls and hands its work to other nodes. It stays
   * stopped until {@code scripts/up} starts it.
   *
   * @param number from 1
   */
  public void stopNode(int number, Duration limit) {
    var process = process(number);
    if (process.supervisor().isEmpty()) {
      throw ExitCode.CONFLICT.cannot(
          "stop node " + number,
          "\"chowder up\" did not start it",
          "stop its service instead, which drains it as well");
    }
    if (process.stop(limit)) return;
    throw ExitCode.TIMED_OUT.failure(
        "node %d did not stop within %d s, and continues to; see %s"
            .formatted(
                number, limit.toSeconds(), home.resolve("logs").resolve(process.name() + ".log")));
  }

  /**
   * Returns the name of a node. The first one has the name of a single node.
   *
   * @param number from 1
   */
  public static String nodeName(int number) {
    return number == 1 ? "server" : "server-" + number;
  }

  private SupervisedProcess process(int number) {
    return new SupervisedProcess(home, nodeName(number), SupervisedProcess.NODE);
  }

  private static String randomId() {
    var bytes = new byte[CLUSTER_ID_BYTES];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
