package dev.chowder.cluster;

import static dev.chowder.base.ErrorText.cannot;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.StreamSupport;
import javax.net.ssl.SSLEngine;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.sharding.ClusterShardingHealthCheck;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.http.javadsl.ConnectionContext;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.model.Uri;
import org.apache.pekko.management.cluster.bootstrap.ClusterBootstrap;
import org.apache.pekko.management.javadsl.PekkoManagement;
import org.apache.pekko.remote.artery.tcp.ssl.RotatingKeysSSLEngineProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster membership of this process. Joins or forms a cluster, reports when the other nodes
 * continue without this one, and leaves in order. Owns the actor system. Does not know what runs in
 * it.
 */
public final class ClusterNode implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterNode.class);

  /** Pause between two checks while a start waits. */
  private static final long CHECK_MILLIS = 20;

  /** The reason of an orderly shutdown that the cluster did not cause. */
  private static final class Leaving implements CoordinatedShutdown.Reason {}

  private final ActorSystem<?> system;
  private final Cluster cluster;
  private final ClusterSettings settings;
  private final Membership membership;
  private final AtomicBoolean leaving = new AtomicBoolean();
  private final CompletableFuture<String> lost = new CompletableFuture<>();

  private ClusterNode(ActorSystem<?> system, ClusterSettings settings, Membership membership) {
    this.system = system;
    this.cluster = Cluster.get(system);
    this.settings = settings;
    this.membership = membership;
  }

  public ActorSystem<?> system() {
    return system;
  }

  /**
   * Starts to join the cluster; {@link #awaitReady} waits for that.
   *
   * @param membership must permit this node to form a cluster or to join one
   */
  public static ClusterNode join(
      ActorSystem<?> system, ClusterSettings settings, Membership membership) {
    var node = new ClusterNode(system, settings, membership);
    MembershipExtension.ID.get(system.classicSystem()).set(membership);
    node.watchForLoss();
    switch (settings.discovery()) {
      case ClusterSettings.Discovery.Alone() -> {
        var self = Join.create(node.cluster.selfMember().address());
        var _ = membership.form().thenRun(() -> node.cluster.manager().tell(self));
      }
      case ClusterSettings.Discovery.ContactPoints _, ClusterSettings.Discovery.DnsName _ ->
          node.bootstrap();
    }
    return node;
  }

  private void bootstrap() {
    try {
      listen().toCompletableFuture().get(settings.joinLimit().toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException why) {
      throw new IllegalArgumentException(
          cannot(
              "join the cluster",
              "this process cannot listen at " + settings.host() + ":" + settings.managementPort(),
              "set CHOWDER_CLUSTER_HOST and CHOWDER_CLUSTER_MANAGEMENT_PORT to an address of this"
                  + " machine and a free port"),
          why);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(cannot("join the cluster", "the thread was interrupted"), e);
    }
    ClusterBootstrap.get(system).start();
  }

  /** Opens the management port. With TLS, both ends of a call use Artery's engines. */
  private CompletionStage<Uri> listen() {
    var management = PekkoManagement.get(system);
    if (settings.tls().isEmpty()) return management.start();
    var tls = settings.tls().get();
    var engines = new RotatingKeysSSLEngineProvider(system.classicSystem());
    // The bootstrap queries other nodes with the default client of this actor system.
    Http.get(system)
        .setDefaultClientHttpsContext(
            ConnectionContext.httpsClient(
                (_, port) -> named(engines.createClientSSLEngine(tls.name(), port))));
    return management.start(
        routes ->
            routes.withHttpsConnectionContext(
                ConnectionContext.httpsServer(
                    () ->
                        engines.createServerSSLEngine(
                            settings.host(), settings.managementPort()))));
  }

  /**
   * Makes a client engine accept only certificates with the name of nodes, whatever else the CA has
   * issued.
   */
  private static SSLEngine named(SSLEngine engine) {
    var parameters = engine.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    engine.setSSLParameters(parameters);
    return engine;
  }

  /** Completes {@link #lost} in the first phase of a shutdown that this node did not request. */
  private void watchForLoss() {
    var shutdown = CoordinatedShutdown.get(system);
    shutdown.addTask(
        CoordinatedShutdown.PhaseBeforeServiceUnbind(),
        "say-that-the-node-is-lost",
        () -> {
          if (!leaving.get()) {
            lost.complete(
                shutdown
                    .getShutdownReason()
                    .map(why -> why.getClass().getSimpleName().replace("$", ""))
                    .orElse("unknown"));
          }
          return CompletableFuture.completedFuture(Done.done());
        });
    var _ = membership.lost().thenAccept(lost::complete);
    // Without its actors the node cannot work, whatever terminated them.
    system
        .getWhenTerminated()
        .whenComplete(
            (_, _) -> {
              if (!leaving.get()) lost.complete("the actor system ended");
            });
  }

  /**
   * Waits until this node is a member and its shard regions have found the coordinator, so that a
   * message reaches any entity.
   *
   * @throws NotJoinedException if that takes longer than {@code join-timeout}; at once if the
   *     membership is refused. The time for which this node waits for other users of the database
   *     does not count
   */
  public void awaitReady() {
    var healthy = new ClusterShardingHealthCheck(system.classicSystem());
    long deadline = System.nanoTime() + settings.joinLimit().toNanos();
    try {
      while (!isUp() || !isHealthy(healthy)) {
        if (membership.refusal().isPresent()) {
          throw new NotJoinedException(membership.refusal().get());
        }
        if (membership.isWaiting()) deadline = System.nanoTime() + settings.joinLimit().toNanos();
        if (lost.isDone() || System.nanoTime() > deadline) {
          throw new NotJoinedException(
              cannot(
                  "join the cluster",
                  "after "
                      + settings.joinLimit().toSeconds()
                      + " s the status of this node is "
                      + cluster.selfMember().status()
                      + " instead of Up",
                  remedy()));
        }
        Thread.sleep(CHECK_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(cannot("join the cluster", "the thread was interrupted"), e);
    }
    LOG.info(
        "cluster member={} members={}", cluster.selfMember().address(), count(MemberStatus.up()));
  }

  private boolean isUp() {
    return cluster.selfMember().status().equals(MemberStatus.up());
  }

  private static boolean isHealthy(ClusterShardingHealthCheck check) throws InterruptedException {
    try {
      var answer = scala.jdk.javaapi.FutureConverters.asJava(check.apply());
      return (Boolean) answer.toCompletableFuture().get(1, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException notYet) {
      return false;
    }
  }

  private String remedy() {
    return switch (settings.discovery()) {
      case ClusterSettings.Discovery.Alone() -> "read the log of this node";
      case ClusterSettings.Discovery.ContactPoints(var all) ->
          "check that these contact points respond: "
              + all.stream().map(p -> p.host() + ":" + p.port()).toList();
      case ClusterSettings.Discovery.DnsName(var name) ->
          "check that "
              + settings.requiredContactPoints()
              + " contact points respond under "
              + name;
    };
  }

  /** This node did not become a member in time, or must not become one. */
  public static final class NotJoinedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotJoinedException(String message) {
      super(message);
    }
  }

  /** Returns whether another node is Up, which would take over the shards of this one. */
  public boolean hasPeers() {
    return count(MemberStatus.up()) > 1;
  }

  private long count(MemberStatus status) {
    return StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
        .filter(member -> member.status().equals(status))
        .count();
  }

  /**
   * Completes, with the reason, when this node is no longer a member although it did not leave. The
   * other nodes take over its shards, so it must stop working.
   */
  public CompletionStage<String> lost() {
    return lost.minimalCompletionStage();
  }

  /**
   * Hands its shards over if another node can take them, leaves the cluster and terminates the
   * actor system.
   */
  @Override
  public void close() throws ExecutionException, TimeoutException {
    leaving.set(true);
    try {
      shutDown().toCompletableFuture().get(settings.leaveLimit().toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private CompletionStage<Done> shutDown() {
    return switch (settings.discovery()) {
      case ClusterSettings.Discovery.Alone() -> {
        system.terminate();
        yield system.getWhenTerminated();
      }
      case ClusterSettings.Discovery.ContactPoints _, ClusterSettings.Discovery.DnsName _ ->
          CoordinatedShutdown.get(system).runAll(new Leaving());
    };
  }
}
