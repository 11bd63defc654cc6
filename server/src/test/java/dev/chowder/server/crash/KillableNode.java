package dev.chowder.server.crash;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.server.Chowder;
import dev.chowder.simulator.SimulatedEngine;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A node in the process of the test. Its death is that of its {@link NodeRun}. */
final class KillableNode implements KillableServer {
  private static final Duration START_LIMIT = Duration.ofSeconds(90);
  private static final Duration DISCARD_LIMIT = Duration.ofSeconds(90);

  private final NodeRun run;
  private final NodeLog log;
  private final long began;
  private final CompletableFuture<Chowder> started = new CompletableFuture<>();

  /** Completes when all parts of the node are closed. */
  private final CompletableFuture<Void> discarded = new CompletableFuture<>();

  private final Thread starter;
  private @Nullable ManagedChannel connection;

  private KillableNode(Config config, SimulatedEngine host, NodeRun run, NodeLog log) {
    this.run = run;
    this.log = log;
    this.began = log.mark();
    this.starter = Thread.ofPlatform().name("start of a node").start(() -> start(config, host));
    var _ = run.cause().thenRunAsync(this::discard, Thread.ofPlatform()::start);
  }

  /** Starts a node without waiting. It dies at the first failpoint that matches. */
  static KillableNode launch(
      Config config, SimulatedEngine host, Predicate<String> diesAt, NodeLog log) {
    var run = new NodeRun(diesAt);
    var url = run.url(config.getString("chowder.storage.url"));
    return new KillableNode(
        ConfigFactory.parseMap(Map.of("chowder.storage.url", url)).withFallback(config).resolve(),
        host,
        run,
        log);
  }

  private void start(Config config, SimulatedEngine host) {
    try {
      started.complete(Chowder.start(config, _ -> run.engine(host), run.clock(), run.failpoints()));
    } catch (Exception | NodeDied why) {
      started.completeExceptionally(why);
      if (!run.isOver()) discarded.complete(null);
    }
  }

  /** Closes what a dead process would no longer have: ports, threads, memory and files. */
  private void discard() {
    try {
      run.end("already dead");
      synchronized (this) {
        if (connection != null) connection.shutdownNow();
      }
      // It may wait for a part that is dead.
      starter.interrupt();
      started.get(DISCARD_LIMIT.toMillis(), TimeUnit.MILLISECONDS).close();
      discarded.complete(null);
    } catch (ExecutionException neverStarted) {
      discarded.complete(null);
    } catch (InterruptedException | TimeoutException | RuntimeException | AssertionError why) {
      discarded.completeExceptionally(why);
    }
  }

  private Chowder chowder() {
    try {
      return started.get(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException why) {
      throw new AssertionError("the node does not serve; its last lines:\n" + tail(), why);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  @Override
  public int operatorPort() {
    return chowder().operatorPort();
  }

  @Override
  public synchronized Channel channel() {
    var open = connection;
    if (open == null) {
      open =
          NettyChannelBuilder.forAddress("127.0.0.1", chowder().grpcPort()).usePlaintext().build();
      connection = open;
      if (run.isOver()) open.shutdownNow();
    }
    return run.channel(open);
  }

  @Override
  public void kill() {
    run.end("kill");
    awaitDiscarded();
  }

  private void awaitDiscarded() {
    try {
      discarded.get(DISCARD_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException why) {
      throw new AssertionError("parts of the node still run; its lines:\n" + tail(), why);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  @Override
  public void terminate() {
    var running = chowder();
    Thread.ofPlatform()
        .name("shutdown of a node")
        .start(
            () -> {
              running.close();
              discarded.complete(null);
            });
  }

  @Override
  public boolean endsWithin(Duration limit) {
    try {
      CompletableFuture.anyOf(run.cause(), discarded).get(limit.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException runs) {
      return false;
    } catch (ExecutionException why) {
      throw new AssertionError(why);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  @Override
  public boolean hasEnded() {
    return run.isOver() || discarded.isDone();
  }

  @Override
  public void awaitDeathAt(FailpointCase failpoint, Duration limit) {
    if (!endsWithin(limit)) {
      throw new AssertionError(
          "no thread reached " + failpoint + " within " + limit + "\n" + tail());
    }
    var cause = run.cause().getNow("an end without a death");
    if (!cause.equals(failpoint.name())) {
      throw new AssertionError("death: must be at " + failpoint + "; got " + cause + "\n" + tail());
    }
    awaitDiscarded();
  }

  @Override
  public String tail() {
    return log.since(began);
  }

  @Override
  public void close() {
    if (!hasEnded()) run.end("close");
    awaitDiscarded();
    synchronized (this) {
      if (connection != null) connection.shutdownNow();
    }
  }
}
