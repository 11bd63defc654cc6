package dev.chowder.server.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.server.Chowder;
import dev.chowder.server.crash.NodeRun;
import dev.chowder.simulator.SimulatedEngine;
import dev.chowder.storage.Database;
import dev.chowder.storage.StorageSettings;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The runs of a node on the same data and the same host. Only a death ends one before the last. */
final class NodeRuns implements AutoCloseable {
  private final Config config;
  private final SimulatedEngine host;
  private final Predicate<String> diesAt;
  private final Supplier<String> operatorToken;

  /** The metrics of earlier runs. */
  private final Map<String, Double> earlier = new HashMap<>();

  private int count;
  private NodeRun run;
  private Chowder node;
  private ManagedChannel connection;

  /** Closed with each run, because a death ends all connections to the database. */
  private @Nullable Database database;

  /**
   * Begins the first run.
   *
   * @param diesAt as for {@link NodeRun}
   */
  NodeRuns(
      Config config, SimulatedEngine host, Predicate<String> diesAt, Supplier<String> operatorToken)
      throws IOException {
    this.config = config;
    this.host = host;
    this.diesAt = diesAt;
    this.operatorToken = operatorToken;
    begin();
  }

  private void begin() throws IOException {
    count++;
    run = new NodeRun(diesAt);
    var url = run.url(config.getString("chowder.storage.url"));
    node =
        Chowder.start(
            ConfigFactory.parseMap(Map.of("chowder.storage.url", url)).withFallback(config),
            _ -> run.engine(host),
            run.clock(),
            run.failpoints());
    var open = NettyChannelBuilder.forAddress("127.0.0.1", node.grpcPort()).usePlaintext().build();
    connection = open;
    // A caller of a process that died learns it at once.
    run.whenDead(open::shutdownNow);
  }

  /** Returns whether the node has died at a failpoint. */
  boolean isDead() {
    return run.isOver();
  }

  /** Starts a dead node again. */
  void restart() throws IOException {
    run.end("already dead");
    close();
    begin();
  }

  /** Returns the number of runs. */
  int count() {
    return count;
  }

  Chowder node() {
    return node;
  }

  Channel channel() {
    return run.channel(connection);
  }

  /** Returns the node's database, to inspect the stored rows. It is closed with the run. */
  Database database() {
    if (database == null) database = Database.open(StorageSettings.from(config));
    return database;
  }

  NodeMetrics metrics() {
    return new NodeMetrics(node.monitoringPort(), operatorToken.get());
  }

  /** Keeps the metrics of a run that may end, for {@link #metric}. */
  void keepMetrics() {
    metrics().all().forEach((name, value) -> earlier.merge(name, value, Double::sum));
  }

  /**
   * Returns the sum of a counter over all runs. Leaves out what happened between the last {@link
   * #keepMetrics} of a run and its end.
   */
  double metric(String name) {
    return earlier.getOrDefault(name, 0.0) + metrics().find(name).orElse(0);
  }

  @Override
  public void close() {
    connection.shutdownNow();
    if (database != null) database.close();
    database = null;
    node.close();
  }
}
