package dev.chowder.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.base.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Down;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests nodes in one process, each with its own address. */
@Timeout(120)
@Tag("slow")
class ClusterNodeTest {
  /**
   * No outgoing connection uses these addresses, so no other process can hold one of their ports.
   */
  private static final List<String> HOSTS = List.of("127.0.31.1", "127.0.31.2", "127.0.31.3");

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final List<ClusterNode> nodes = new ArrayList<>();
  private final int managementPort = freePort();

  @AfterEach
  void end() {
    nodes.forEach(
        node -> {
          node.system().terminate();
          Await.until(
              LIMIT, () -> node.system().getWhenTerminated().toCompletableFuture().isDone());
        });
  }

  @Test
  void nodesThatListEachOtherFormOneCluster() {
    HOSTS.forEach(host -> join(host, listed()));
    nodes.forEach(ClusterNode::awaitReady);
    assertThat(nodes).allSatisfy(node -> Await.until(LIMIT, () -> members(node) == HOSTS.size()));
    assertThat(nodes).allMatch(ClusterNode::hasPeers);
  }

  @Test
  void nodesWithOneDnsNameFormOneCluster() throws IOException {
    try (var names = new NameServer(HOSTS.toArray(String[]::new))) {
      var settings =
          Map.<String, Object>of(
              "chowder.cluster.dns-name",
              "nodes.chowder.test",
              "chowder.cluster.required-contact-points",
              HOSTS.size(),
              "pekko.io.dns.async-dns.nameservers",
              List.of(names.address()));
      HOSTS.forEach(host -> join(host, settings));
      nodes.forEach(ClusterNode::awaitReady);
      assertThat(nodes).allSatisfy(node -> Await.until(LIMIT, () -> members(node) == HOSTS.size()));
    }
  }

  @Test
  void aNodeWithoutContactPointsFormsACluster() {
    var node = join(HOSTS.getFirst(), Map.of());
    node.awaitReady();
    assertThat(node.hasPeers()).isFalse();
  }

  @Test
  void aNodeThatCannotReachItsContactPointsFormsNoCluster() {
    var settings = new HashMap<>(listed());
    settings.put("chowder.cluster.join-timeout", "3s");
    var node = join(HOSTS.getFirst(), settings);
    assertThatThrownBy(node::awaitReady)
        .isInstanceOf(ClusterNode.NotJoinedException.class)
        .hasMessageContaining("Removed")
        .hasMessageContaining(HOSTS.getLast());
  }

  @Test
  void aRemovedNodeIsLostAndALeavingNodeIsNot() throws Exception {
    HOSTS.forEach(host -> join(host, listed()));
    nodes.forEach(ClusterNode::awaitReady);
    var leaving = nodes.get(1);
    leaving.close();
    assertThat(leaving.lost().toCompletableFuture()).isNotDone();
    var lost = nodes.get(2);
    Cluster.get(nodes.getFirst().system())
        .manager()
        .tell(new Down(Cluster.get(lost.system()).selfMember().address()));
    assertThat(lost.lost().toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS))
        .isEqualTo("ClusterDowningReason");
  }

  @Test
  void aDutyRunsOnOneNodeAndMovesToAnother() throws Exception {
    HOSTS.forEach(host -> join(host, listed()));
    nodes.forEach(ClusterNode::awaitReady);
    Set<ClusterNode> having = ConcurrentHashMap.newKeySet();
    var notified = new CopyOnWriteArrayList<ClusterNode>();
    for (var node : nodes) {
      var _ =
          SingletonDuty.keep(
              node.system(),
              "duty",
              () -> {
                having.add(node);
                return duty(() -> notified.add(node), () -> having.remove(node));
              });
    }
    Await.until(LIMIT, () -> having.size() == 1);
    var first = having.iterator().next();
    first.close();
    Await.until(LIMIT, () -> having.size() == 1 && !having.contains(first));
    var second = having.iterator().next();
    var third = nodes.stream().filter(n -> n != first && n != second).findFirst().orElseThrow();
    third.close();
    Await.until(LIMIT, () -> notified.contains(second));
  }

  @Test
  void everyNodeIsNotifiedOfChangedHostPortsAndOfThePortsOfNodes() {
    HOSTS.forEach(host -> join(host, listed()));
    nodes.forEach(ClusterNode::awaitReady);
    try (var blocking = Executors.newVirtualThreadPerTaskExecutor()) {
      var first = SharedHostPorts.share(nodes.getFirst().system(), blocking);
      var second = SharedHostPorts.share(nodes.get(1).system(), blocking);
      first.listen(Set.of(9090));
      second.listen(Set.of(9100));
      Await.until(LIMIT, () -> first.ownPorts().equals(Set.of(9090, 9100)));
      Await.until(LIMIT, () -> second.ownPorts().equals(Set.of(9090, 9100)));

      var late = SharedHostPorts.share(nodes.getLast().system(), blocking);
      Await.until(LIMIT, () -> late.ownPorts().equals(Set.of(9090, 9100)));
      var refreshes = new AtomicInteger();
      var longInterval = Duration.ofHours(1);
      // A failed refresh must not stop later ones.
      late.whenChanged(
          () -> {
            refreshes.incrementAndGet();
            throw new IllegalStateException("as if the database were unreachable");
          },
          longInterval);
      Await.until(LIMIT, () -> refreshes.get() > 0);
      int before = refreshes.get();
      first.changed();
      Await.until(LIMIT, () -> refreshes.get() > before);
    }
  }

  private static SingletonDuty.Duty duty(Runnable onNodeLost, Runnable close) {
    return new SingletonDuty.Duty() {
      @Override
      public void onNodeLost() {
        onNodeLost.run();
      }

      @Override
      public void close() {
        close.run();
      }
    };
  }

  private Map<String, Object> listed() {
    return Map.of(
        "chowder.cluster.contact-points",
        String.join(",", HOSTS.stream().map(host -> host + ":" + managementPort).toList()));
  }

  private ClusterNode join(String host, Map<String, Object> values) {
    var all = new HashMap<String, Object>(values);
    all.put("chowder.cluster.host", host);
    all.put("chowder.cluster.management-port", managementPort);
    // This test has no entities.
    all.put("pekko.cluster.sharding.healthcheck.names", List.of());
    Config root =
        ConfigFactory.load(
            ConfigFactory.parseMap(all)
                .withFallback(ConfigFactory.parseResources("chowder-pekko.conf")));
    var settings = ClusterSettings.of(root);
    var system = ActorSystem.create(Behaviors.<Void>empty(), "chowder", settings.pekko(root));
    var node = ClusterNode.join(system, settings, Membership.ofOnlyProcess());
    nodes.add(node);
    return node;
  }

  private static long members(ClusterNode node) {
    return java.util.stream.StreamSupport.stream(
            Cluster.get(node.system()).state().getMembers().spliterator(), false)
        .count();
  }

  private static int freePort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.ofLiteral(HOSTS.getFirst()))) {
      return socket.getLocalPort();
    } catch (IOException why) {
      throw new IllegalStateException(why);
    }
  }
}
