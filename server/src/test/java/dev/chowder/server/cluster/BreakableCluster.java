package dev.chowder.server.cluster;

import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Three nodes, each with its own clock, whose database is a PostgreSQL of their own behind a proxy.
 */
final class BreakableCluster implements AutoCloseable {
  /** Interval of reconciliation passes. */
  static final Duration SWEEP = Duration.ofSeconds(3);

  private static final Map<String, String> SETTINGS =
      Map.of(
          "CHOWDER_RECONCILER_INTERVAL",
          SWEEP.toSeconds() + "s",
          // Stages long enough that a node can be lost in the middle of one.
          "CHOWDER_FAKE_BOOT_TIME",
          "500ms",
          // A clock that jumps by an hour would make hundreds of sleepers due at once. They go
          // deeper one after another, and all observers would lag until the last one.
          "CHOWDER_PAGE_OUT_DELAY",
          "1000d",
          "CHOWDER_DEEP_SLEEP_DELAY",
          "1000d");

  private final Path folder;
  private final OwnPostgres postgres;
  private final List<WallClock> clocks;
  private final Toxiproxy way;
  private final ThreeNodes nodes;

  BreakableCluster() throws IOException {
    folder = Files.createTempDirectory("chowder-nodes");
    postgres = new OwnPostgres();
    clocks =
        IntStream.rangeClosed(1, 3)
            .mapToObj(n -> WallClock.at(folder.resolve("clock-" + n)))
            .toList();
    way = new Toxiproxy(postgres.port(), folder.resolve("toxiproxy.log"));
    nodes = new ThreeNodes(folder, postgres.server(way.port()), SETTINGS, this::settings);
  }

  private Map<String, String> settings(int number) {
    var settings = new HashMap<>(clocks.get(number - 1).environment());
    // A simulated image has no schema, so each change of a configuration reads it in a sandbox of
    // this name. All nodes share the folders that serve as sandboxes.
    settings.put("CHOWDER_CLUSTER_ID", "node-" + number);
    return settings;
  }

  OwnPostgres postgres() {
    return postgres;
  }

  /** Returns the proxy between the nodes and PostgreSQL. */
  Toxiproxy way() {
    return way;
  }

  /** Returns the clocks of the nodes, in the order of the nodes. */
  List<WallClock> clocks() {
    return clocks;
  }

  ThreeNodes nodes() {
    return nodes;
  }

  /** Ends all faults that a test left. */
  void repair() {
    way.heal();
    postgres.keepUp();
    clocks.forEach(clock -> clock.set(Duration.ZERO));
    nodes.heal();
  }

  @Override
  public void close() {
    nodes.close();
    way.close();
    postgres.close();
    var _ = Program.of("rm", "-rf", folder.toString()).run();
  }
}
