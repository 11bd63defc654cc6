package dev.chowder.cluster;

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
 * This process's membership: joins the cluster or begins one, says when the others go on without
 * it, leaves in order. It owns the actor system, and knows nothing of what runs in it.
 */
public final class ClusterNode implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterNode.class);

  /** Between two looks while a start waits. */
  private static final long LOOK_MILLIS = 20;

  /** Why an orderly end began: not because of the cluster. */
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
   * Starts joining; {@link #awaitReady} waits for it.
   *
   * @param membership asked before the node forms a cluster or joins one
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
          "cluster: nothing can listen at "
              + settings.host()
              + ":"
              + settings.managementPort()
              + " (expected: a free port at an address of this machine, see"
              + " CHOWDER_CLUSTER_HOST and CHOWDER_CLUSTER_MANAGEMENT_PORT)",
          why);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("cluster: interrupted while joining", e);
    }
    ClusterBootstrap.get(system).start();
  }

  /** The management port; with TLS, by the engines that Artery has, on both ends of a call. */
  private CompletionStage<Uri> listen() {
    var management = PekkoManagement.get(system);
    if (settings.tls().isEmpty()) return management.start();
    var tls = settings.tls().get();
    var engines = new RotatingKeysSSLEngineProvider(system.classicSystem());
    // The bootstrap asks other nodes by the client that is everybody's in this actor system.
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

  /** Believes nobody but a node, whatever else the CA has issued. */
  private static SSLEngine named(SSLEngine engine) {
    var parameters = engine.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    engine.setSSLParameters(parameters);
    return engine;
  }

  /** The first phase of an end that this node did not ask for is the first sign of it. */
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
    // Whatever ended the actors, nothing works without them.
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
   * @throws NotJoinedException if that takes longer than {@code join-limit}, not counting the time
   *     for which this node waits for other users of the database; at once if there are any
   */
  public void awaitReady() {
    var healthy = new ClusterShardingHealthCheck(system.classicSystem());
    long deadline = System.nanoTime() + settings.joinLimit().toNanos();
    try {
      while (!isUp() || !answersYes(healthy)) {
        if (membership.refusal().isPresent()) {
          throw new NotJoinedException(membership.refusal().get());
        }
        if (membership.isWaiting()) deadline = System.nanoTime() + settings.joinLimit().toNanos();
        if (lost.isDone() || System.nanoTime() > deadline) {
          throw new NotJoinedException(
              "cluster: "
                  + cluster.selfMember().status()
                  + " after "
                  + settings.joinLimit().toSeconds()
                  + " s (expected: Up; "
                  + expectation()
                  + ")");
        }
        Thread.sleep(LOOK_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("cluster: interrupted while joining", e);
    }
    LOG.info(
        "cluster member={} members={}", cluster.selfMember().address(), count(MemberStatus.up()));
  }

  private boolean isUp() {
    return cluster.selfMember().status().equals(MemberStatus.up());
  }

  private static boolean answersYes(ClusterShardingHealthCheck check) throws InterruptedException {
    try {
      var answer = scala.jdk.javaapi.FutureConverters.asJava(check.apply());
      return (Boolean) answer.toCompletableFuture().get(1, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException notYet) {
      return false;
    }
  }

  private String expectation() {
    return switch (settings.discovery()) {
      case ClusterSettings.Discovery.Alone() -> "a cluster of one";
      case ClusterSettings.Discovery.ContactPoints(var all) ->
          "an answer from the contact points "
              + all.stream().map(p -> p.host() + ":" + p.port()).toList();
      case ClusterSettings.Discovery.DnsName(var name) ->
          settings.requiredContactPoints() + " contact points under " + name;
    };
  }

  /** The others were not found or did not answer in time. */
  public static final class NotJoinedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotJoinedException(String message) {
      super(message);
    }
  }

  /** Whether another node is there that would take over what this one leaves. */
  public boolean hasPeers() {
    return count(MemberStatus.up()) > 1;
  }

  private long count(MemberStatus status) {
    return StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
        .filter(member -> member.status().equals(status))
        .count();
  }

  /**
   * Completes, with the reason, when this node is no member any more without having left: the
   * others go on with its shards, so it must do nothing further.
   */
  public CompletionStage<String> lost() {
    return lost.minimalCompletionStage();
  }

  /** Hands its shards over where somebody takes them, leaves, and ends the actor system. */
  @Override
  public void close() throws ExecutionException, TimeoutException {
    leaving.set(true);
    try {
      end().toCompletableFuture().get(settings.leaveLimit().toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private CompletionStage<Done> end() {
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
