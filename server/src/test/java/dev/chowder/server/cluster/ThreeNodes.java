package dev.chowder.server.cluster;

import dev.chowder.server.process.SimulatorClasses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/** Three nodes with one home and one database. */
final class ThreeNodes implements AutoCloseable {
  private final Path home;
  private final DatabaseServer server;
  private final String database = "cluster_" + UUID.randomUUID().toString().replace("-", "");
  private final List<Node> nodes = new ArrayList<>();

  ThreeNodes(Path base, Map<String, String> settings) throws IOException {
    this(base, DatabaseServer.shared(), settings);
  }

  ThreeNodes(Path base, DatabaseServer server, Map<String, String> settings) throws IOException {
    this(base, server, settings, _ -> Map.of());
  }

  /**
   * Starts the nodes.
   *
   * @param settings settings of all nodes
   * @param own settings of one node, by its number
   */
  ThreeNodes(
      Path base,
      DatabaseServer server,
      Map<String, String> settings,
      IntFunction<Map<String, String>> own)
      throws IOException {
    this.server = server;
    home = Files.createDirectory(base.resolve("home"));
    server.administer("CREATE DATABASE " + database);
    var ports = List.of(Node.Ports.free(), Node.Ports.free(), Node.Ports.free());
    var environment = new HashMap<>(environment(ports));
    environment.putAll(settings);
    environment.putAll(SimulatorClasses.environment(sandboxes()));
    for (int n = 0; n < ports.size(); n++) {
      var ofThis = new HashMap<>(environment);
      ofThis.putAll(own.apply(n + 1));
      nodes.add(new Node(n + 1, ports.get(n), base.resolve("node-" + (n + 1) + ".log"), ofThis));
    }
    nodes.forEach(Node::launch);
    nodes.forEach(Node::awaitServing);
  }

  private Map<String, String> environment(List<Node.Ports> ports) throws IOException {
    var password =
        Files.createFile(
            home.resolve("storage.password"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(password, server.password());
    return Map.of(
        "CHOWDER_HOME",
        home.toString(),
        // One organization's callers generate as much load here as a thousand would elsewhere.
        "CHOWDER_RATE_CHANGE_COST",
        "1",
        "CHOWDER_RATE_BURST",
        "1000000",
        // Others take over from a lost node after its detection (about 4 s) and twice this time.
        "CHOWDER_CLUSTER_STABLE_AFTER",
        "3s",
        "CHOWDER_STORAGE_URL",
        server.nodesUrl() + "/" + database,
        "CHOWDER_STORAGE_USER",
        server.user(),
        "CHOWDER_STORAGE_PASSWORD_FILE",
        password.toString(),
        "CHOWDER_CLUSTER_CONTACT_POINTS",
        ports.stream().map(p -> "127.0.0.1:" + p.management()).collect(Collectors.joining(",")));
  }

  Path home() {
    return home;
  }

  /** Returns the name of the database. */
  String database() {
    return database;
  }

  Path sandboxes() {
    return home.resolve("sandboxes");
  }

  /** Connects to the database directly, past any proxy in between. */
  Connection openDatabase() throws SQLException {
    return server.connect(database);
  }

  List<Node> all() {
    return nodes;
  }

  Node node(int number) {
    return nodes.get(number - 1);
  }

  /** Restarts the nodes that a test stopped. */
  void heal() {
    var gone = nodes.stream().filter(node -> !node.runs()).toList();
    gone.forEach(Node::launch);
    gone.forEach(Node::awaitServing);
  }

  /** Returns the nodes in the format of Envoy's template. */
  String forEnvoy() {
    return nodes.stream()
        .map(Node::ports)
        .map(p -> "127.0.0.1:" + p.grpc() + ":" + p.operator() + ":" + p.monitoring())
        .collect(Collectors.joining(","));
  }

  @Override
  public void close() {
    nodes.forEach(Node::close);
    server.administer("DROP DATABASE " + database + " WITH (FORCE)");
  }

  /** Returns an operator token of this home. */
  String operatorToken() {
    try {
      return Files.readString(home.resolve("operator.token")).strip();
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }
}
