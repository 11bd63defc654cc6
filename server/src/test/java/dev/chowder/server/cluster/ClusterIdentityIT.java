package dev.chowder.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Instance.Status;
import dev.chowder.base.Await;
import dev.chowder.server.Main;
import dev.chowder.server.process.SimulatorClasses;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nodes that cannot reach each other share one PostgreSQL. One cluster works, and every node that
 * would form a second one refuses to start. Outages and kills neither delay nor stop a node.
 */
@Timeout(300)
@ExtendWith(SharedNodes.class)
class ClusterIdentityIT {
  private static final Duration WAIT = Duration.ofSeconds(10);
  private static final Duration LIMIT = Duration.ofSeconds(90);

  /** Shorter than by default, because {@link #WAIT} must be at least twice the first two. */
  private static final String QUICK_CHECKS =
      "-Dchowder.cluster.lock-check-interval=1s -Dchowder.cluster.lock-timeout=3s"
          + " -Dchowder.cluster.lock-release-timeout=5s";

  private static final String LOST_LOCK = "lost the session that holds the cluster's lock";
  private static final String REGAINED_LOCK = "holds the cluster's lock again";

  /** Time for a start on a busy machine. The node's log shows whether it waited. */
  private static final Duration WITHOUT_WAITING = Duration.ofMinutes(2);

  @TempDir Path base;

  private final DatabaseServer server = DatabaseServer.shared();
  private final String database = "identity_" + UUID.randomUUID().toString().replace("-", "");
  private final List<AutoCloseable> parts = new ArrayList<>();

  @BeforeEach
  void makeDatabase() {
    server.administer("CREATE DATABASE " + database);
  }

  @AfterEach
  void end() throws Exception {
    for (var part : parts.reversed()) part.close();
    server.administer("DROP DATABASE " + database + " WITH (FORCE)");
  }

  @Test
  void aSecondLoneNodeRefusesToStartAndTheFirstKeepsItsAgents() throws Exception {
    var first = lone("first", quickly());
    first.launch();
    first.awaitServing();
    var owner = keep(new Owner(List.of(first), operatorToken("first"), "lobster"));
    var id = owner.create(first.channel(), "agent").getId();
    awaitRunning(owner, first, id);
    int revision = owner.get(first.channel(), id).getRevision();

    var second = lone("second", quickly());
    copyMasterKey("first", "second");
    second.launch();

    assertThat(second.awaitExit(WAIT.plus(LIMIT))).as(second.tail()).isEqualTo(1);
    assertThat(second.log())
        .contains("not started: cannot form a cluster on this database: ")
        .contains("CHOWDER_CLUSTER_CONTACT_POINTS", "CHOWDER_STORAGE_URL")
        .containsPattern("members \\[process \\d+ on ")
        .doesNotContain("chowder serves gRPC on");
    assertThat(first.runs()).isTrue();
    var untouched = owner.get(first.channel(), id);
    assertThat(untouched.getStatus()).isEqualTo(Status.running);
    assertThat(untouched.getRevision()).isEqualTo(revision);
  }

  @Test
  void aLoneNodeThatWasKilledStartsWithoutWaiting() throws Exception {
    var node = lone("home", Map.of());
    node.launch();
    node.awaitServing();
    node.signal("KILL");
    assertThat(node.awaitExit(LIMIT)).isEqualTo(128 + 9);

    node.launch();
    awaitServing(node, WITHOUT_WAITING);
    assertThat(node.log()).contains("formed the cluster").doesNotContain("forms a cluster in");

    node.signal("TERM");
    assertThat(node.awaitExit(LIMIT)).isEqualTo(128 + 15);
    var elsewhere = lone("elsewhere", Map.of());
    copyMasterKey("home", "elsewhere");
    elsewhere.launch();
    awaitServing(elsewhere, WITHOUT_WAITING);
    assertThat(elsewhere.log()).doesNotContain("forms a cluster in");
  }

  @Test
  void aNodeWaitsForANodeElsewhereThatDiedWithoutLeaving() throws Exception {
    var dead = lone("dead", Map.of());
    dead.launch();
    dead.awaitServing();
    dead.signal("KILL");
    assertThat(dead.awaitExit(LIMIT)).isEqualTo(128 + 9);

    var node = lone("node", quickly());
    copyMasterKey("dead", "node");
    long began = System.nanoTime();
    node.launch();
    awaitServing(node, WAIT.plus(LIMIT));
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(WAIT);
    assertThat(node.log()).contains("forms a cluster in " + WAIT.toSeconds() + " s");
  }

  @Test
  void anOutageOfPostgresStopsNoNodeAndAdmitsNoOtherCluster() throws Exception {
    var cluster = SharedNodes.get();
    var nodes = cluster.nodes();
    var owner = new Owner(nodes, "lobster");
    keep(() -> owner.leave(nodes));
    keep(cluster::repair);
    var id = owner.create(nodes.node(1).channel(), "agent").getId();
    awaitRunning(owner, nodes.node(1), id);
    // This node stays connected to PostgreSQL and finds no session that holds the lock.
    int port = cluster.postgres().port();
    var second = lone("second", cluster.postgres().server(port), quickly(), nodes.database());
    Files.copy(nodes.home().resolve("master.key"), base.resolve("second/master.key"));

    // Tests before this one may have left the same lines.
    var lost = linesOf(nodes, LOST_LOCK);
    var regained = linesOf(nodes, REGAINED_LOCK);
    cluster.way().cut();
    for (var node : nodes.all()) {
      Await.until(LIMIT, () -> lines(node, LOST_LOCK) > lost.getOrDefault(node, 0L), node::tail);
    }
    second.launch();
    Await.until(LIMIT, () -> second.log().contains("forms a cluster in"), second::tail);
    cluster.way().heal();

    for (var node : nodes.all()) {
      Await.until(
          LIMIT,
          () -> lines(node, REGAINED_LOCK) > regained.getOrDefault(node, 0L),
          () -> node + ": " + node.tail());
    }
    assertThat(second.awaitExit(WAIT.plus(LIMIT))).as(second.tail()).isEqualTo(1);
    assertThat(second.log())
        .contains(
            "forms a cluster in %d s, unless one of these members of the last one returns"
                .formatted(WAIT.toSeconds()))
        .contains("not started: cannot form a cluster on this database");
    assertThat(nodes.all()).allMatch(Node::runs);
    assertThat(owner.get(nodes.node(3).channel(), id).getStatus()).isEqualTo(Status.running);
  }

  /** The original still runs, but has no connection to PostgreSQL when the copy starts. */
  @Test
  void aCopyOfARunningNodesHomeFormsNoClusterDuringAnOutage() throws Exception {
    int port = URI.create(server.url().substring("jdbc:".length())).getPort();
    var way = keep(new Toxiproxy(port, base.resolve("toxiproxy.log")));
    var through = "jdbc:postgresql://127.0.0.1:" + way.port();
    var original =
        lone(
            "original",
            new DatabaseServer(server.url(), through, server.user(), server.password()),
            quickly(),
            database);
    original.launch();
    original.awaitServing();
    var copy = lone("copy", quickly());
    copyMasterKey("original", "copy");
    Files.createDirectory(base.resolve("copy/members"));
    try (var files = Files.list(base.resolve("original/members"))) {
      // The file's name contains the port, which is the same on another machine.
      Files.copy(
          files.findFirst().orElseThrow(),
          base.resolve("copy/members").resolve(Integer.toString(copy.ports().management())));
    }

    way.cut();
    copy.launch();
    Await.until(LIMIT, () -> copy.log().contains("forms a cluster in"), copy::tail);
    way.heal();

    assertThat(copy.awaitExit(WAIT.multipliedBy(2).plus(LIMIT))).as(copy.tail()).isEqualTo(1);
    assertThat(copy.log())
        .contains("not started: cannot form a cluster on this database: ")
        .doesNotContain("formed the cluster");
    assertThat(original.runs()).isTrue();
  }

  @Test
  void aNodeStopsWhenTheDatabaseNamesAnotherCluster() throws Exception {
    var node = lone("node", quickly());
    node.launch();
    node.awaitServing();
    try (var connection = server.connect(database);
        var sql = connection.createStatement()) {
      sql.execute("UPDATE cluster_identity SET cluster = 'other', formed_by = 'another node'");
    } catch (SQLException why) {
      throw new IllegalStateException(why);
    }
    assertThat(node.awaitExit(LIMIT)).isEqualTo(Main.LOST);
    assertThat(node.log()).containsPattern("database belongs to cluster other\\b.*\\banother node");
  }

  private <T extends AutoCloseable> T keep(T part) {
    parts.add(part);
    return part;
  }

  private static Map<String, String> quickly() {
    return Map.of(
        "CHOWDER_CLUSTER_FORMATION_TIMEOUT",
        WAIT.toSeconds() + "s",
        "JDK_JAVA_OPTIONS",
        QUICK_CHECKS);
  }

  private Node lone(String home, Map<String, String> settings) throws IOException {
    return lone(home, server, settings, database);
  }

  /** Starts a node that contacts no others, with its own home and sandboxes. */
  private Node lone(
      String home, DatabaseServer server, Map<String, String> settings, String database)
      throws IOException {
    var folder = Files.createDirectory(base.resolve(home));
    var password =
        Files.createFile(
            folder.resolve("storage.password"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(password, server.password());
    var environment = new HashMap<String, String>();
    environment.put("CHOWDER_HOME", folder.toString());
    environment.put("CHOWDER_STORAGE_URL", server.nodesUrl() + "/" + database);
    environment.put("CHOWDER_STORAGE_USER", server.user());
    environment.put("CHOWDER_STORAGE_PASSWORD_FILE", password.toString());
    environment.putAll(settings);
    environment.putAll(SimulatorClasses.environment(folder.resolve("sandboxes")));
    return keep(
        new Node(parts.size() + 1, Node.Ports.free(), base.resolve(home + ".log"), environment));
  }

  private String operatorToken(String home) throws IOException {
    return Files.readString(base.resolve(home).resolve("operator.token")).strip();
  }

  private void copyMasterKey(String from, String to) throws IOException {
    Files.copy(base.resolve(from).resolve("master.key"), base.resolve(to).resolve("master.key"));
  }

  private static void awaitRunning(Owner owner, Node node, String id) {
    Await.until(
        LIMIT,
        () -> owner.get(node.channel(), id).getStatus() == Status.running,
        () -> owner.get(node.channel(), id).toString());
  }

  private static void awaitServing(Node node, Duration limit) {
    Await.until(limit, () -> node.log().contains("chowder serves gRPC on"), node::tail);
  }

  private static Map<Node, Long> linesOf(ThreeNodes nodes, String text) {
    return nodes.all().stream().collect(Collectors.toMap(node -> node, node -> lines(node, text)));
  }

  /** Returns how many lines of the node's log contain the text. */
  private static long lines(Node node, String text) {
    return node.log().lines().filter(line -> line.contains(text)).count();
  }
}
