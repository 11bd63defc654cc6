package dev.chowder.server.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.base.Await;
import dev.chowder.cluster.ClusterNode;
import dev.chowder.cluster.ClusterSettings;
import dev.chowder.cluster.Membership;
import dev.chowder.cluster.TlsSettings;
import dev.chowder.server.cluster.FreePorts;
import dev.chowder.server.tls.CertificateAuthority.Identity;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;
import javax.net.ssl.SSLContext;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.JoinSeedNodes;
import org.apache.pekko.cluster.typed.Leave;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes that trust each other's certificates, and untrusted nodes that try to join. */
@Timeout(300)
class ClusterTlsTest {
  private static final List<String> HOSTS = List.of("127.0.0.1", "127.0.0.2");
  private static final String NAME = "chowder-node";

  @TempDir static Path folder;
  private static final List<ClusterNode> nodes = new ArrayList<>();
  private static int managementPort;
  private static CertificateAuthority ours;
  private static Identity first;

  @BeforeAll
  static void twoNodes() throws IOException {
    managementPort = FreePorts.one();
    ours = new CertificateAuthority(folder, "ours");
    first = ours.issue("first", NAME, "localhost");
    join(HOSTS.getFirst(), first);
    join(HOSTS.getLast(), ours.issue("second", NAME));
    nodes.forEach(ClusterNode::awaitReady);
  }

  /** Does not wait. Once a system did not end within 90 s, and no other test depends on its end. */
  @AfterAll
  static void end() {
    nodes.forEach(node -> node.system().terminate());
  }

  @Test
  void nodesWithCertificatesOfOneCaAreACluster() {
    assertThat(nodes)
        .allSatisfy(node -> Await.until(Handshake.LIMIT, () -> members(node) == HOSTS.size()));
  }

  @Test
  void joiningRequiresANodesCertificate() throws IOException {
    Await.until(Handshake.LIMIT, () -> members(nodes.getFirst()) == HOSTS.size());
    var untrusted = new CertificateAuthority(folder, "strangers").issue("stranger", NAME);
    var operator = ours.issue("operator");
    assertThat(joins(Optional.empty(), "4s")).as("in plain text").isFalse();
    assertThat(joins(Optional.of(tls(untrusted)), "4s")).as("from another CA").isFalse();
    assertThat(joins(Optional.of(tls(operator)), "4s")).as("another certificate").isFalse();
    assertThat(joins(Optional.of(tls(ours.issue("third", NAME))), "60s"))
        .as("a node's certificate")
        .isTrue();
  }

  @Test
  void discoveryRequiresACertificate() throws Exception {
    var operator = ours.issue("operator");
    assertThat(seedNodes("https", ours.context(operator))).isEqualTo(200);
    assertThatThrownBy(() -> seedNodes("http", ours.context(operator)))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> seedNodes("https", ours.context())).isInstanceOf(IOException.class);
    var untrusted = new CertificateAuthority(folder, "more-strangers").issue("stranger", NAME);
    assertThatThrownBy(() -> seedNodes("https", ours.context(untrusted)))
        .isInstanceOf(IOException.class);
  }

  @Test
  void replacedFilesAreReadAgain() throws IOException {
    var operator = ours.issue("operator");
    var previous = Handshake.shown(ours, operator, managementPort);
    first.become(ours.issue("first", NAME, "localhost"));
    Handshake.awaitOther(previous, ours, operator, managementPort);
  }

  /** Tries to join at the first node's address for this time. Returns whether it succeeded. */
  private static boolean joins(Optional<TlsSettings> tls, String patience) {
    var root =
        root(
            Map.of(
                "chowder.cluster.host",
                "127.0.0.3",
                "pekko.cluster.shutdown-after-unsuccessful-join-seed-nodes",
                patience));
    var settings =
        new ClusterSettings(
            "127.0.0.3",
            managementPort,
            new ClusterSettings.Discovery.Alone(),
            0,
            tls,
            Duration.ofSeconds(60),
            Duration.ofSeconds(20));
    var system = ActorSystem.create(Behaviors.<Void>empty(), "chowder", settings.pekko(root));
    var ended = system.getWhenTerminated().toCompletableFuture();
    try {
      var cluster = Cluster.get(system);
      var known = Cluster.get(nodes.getFirst().system()).selfMember().address();
      cluster.manager().tell(new JoinSeedNodes(List.of(known)));
      Await.until(
          Handshake.LIMIT,
          () -> cluster.selfMember().status().equals(MemberStatus.up()) || ended.isDone());
      return !ended.isDone();
    } finally {
      // Its actor system then ends by itself, which took more than 90 s once.
      Cluster.get(system).manager().tell(new Leave(Cluster.get(system).selfMember().address()));
      Await.until(Handshake.LIMIT, () -> members(nodes.getFirst()) == HOSTS.size());
    }
  }

  private static void join(String host, Identity identity) {
    var all = new HashMap<String, Object>(TlsSettingsTest.files(identity, ours.certificate()));
    all.put("chowder.tls.reload-interval", "50ms");
    all.put("chowder.cluster.host", host);
    all.put("chowder.cluster.management-port", managementPort);
    all.put(
        "chowder.cluster.contact-points",
        String.join(",", HOSTS.stream().map(other -> other + ":" + managementPort).toList()));
    var root = root(all);
    var settings = ClusterSettings.of(root);
    var system = ActorSystem.create(Behaviors.<Void>empty(), "chowder", settings.pekko(root));
    nodes.add(ClusterNode.join(system, settings, Membership.ofOnlyProcess()));
  }

  private static Config root(Map<String, Object> values) {
    return ConfigFactory.load(
        ConfigFactory.parseMap(values)
            // These nodes have no entities.
            .withFallback(
                ConfigFactory.parseMap(
                    Map.of("pekko.cluster.sharding.healthcheck.names", List.of())))
            .withFallback(ConfigFactory.parseResources("chowder-pekko.conf")));
  }

  /** Builds settings without the checks, because an attacker skips them. */
  private static TlsSettings tls(Identity identity) {
    return new TlsSettings(
        identity.certificate(), identity.key(), ours.certificate(), NAME, Duration.ofSeconds(1));
  }

  private static int seedNodes(String scheme, SSLContext context) throws Exception {
    var uri = URI.create(scheme + "://localhost:" + managementPort + "/bootstrap/seed-nodes");
    try (var client = HttpClient.newBuilder().sslContext(context).build()) {
      var request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(20)).build();
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }
  }

  private static long members(ClusterNode node) {
    return StreamSupport.stream(
            Cluster.get(node.system()).state().getMembers().spliterator(), false)
        .filter(member -> member.status().equals(MemberStatus.up()))
        .count();
  }
}
