package dev.chowder.bench;

import dev.chowder.postgres.PostgresCluster;
import dev.chowder.postgres.PostgresPrograms;
import dev.chowder.program.DebianPackages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * An installation with simulated sandboxes, so that agents use no processor time, and with a
 * PostgreSQL of its own.
 */
final class SimulatedInstallation {
  /** Raises the limits so that no call is rejected: a bench measures the capacity beyond them. */
  static final Map<String, String> NO_RATE_LIMITS =
      Map.of(
          "CHOWDER_RATE_REQUESTS_PER_SECOND", "1000000",
          "CHOWDER_RATE_BURST", "1000000",
          "CHOWDER_EFFECT_MAX_WAITING", "100000");

  private static final String DATABASE = "chowder";
  private static final Pattern PROCESSOR = Pattern.compile("(?m)^model name\\s*: (.*)$");
  private static final Pattern MEMORY = Pattern.compile("MemTotal: +([0-9]+) kB");
  private static final double KIB_PER_GIB = 1 << 20;

  private final BenchRun run;
  private final Checkout checkout;
  private final BenchInstallation installation;
  private final PostgresCluster cluster;
  private final int port;

  private SimulatedInstallation(BenchRun run, Checkout checkout, PostgresCluster cluster)
      throws IOException {
    this.run = run;
    this.checkout = checkout;
    this.cluster = cluster;
    this.port = Integer.parseInt(checkout.variable("CHOWDER_BENCH_POSTGRES_PORT", "19432"));
    this.installation = BenchInstallation.create(run, checkout);
  }

  /**
   * Starts a PostgreSQL, a model, nodes and Envoy, and prints the conditions of the measurement.
   *
   * @param nodes their number
   * @param settings variables of the nodes
   */
  static SimulatedInstallation start(
      BenchRun run, Checkout checkout, int nodes, Map<String, String> settings)
      throws IOException, InterruptedException, SQLException {
    var packages = new DebianPackages(checkout.root().resolve("scripts/lib"));
    var programs = PostgresPrograms.ensure(packages, System.err::println);
    var folder = Files.createTempDirectory(checkout.temporary(), "chowder-bench-postgres.");
    var cluster = PostgresCluster.of(programs, folder, checkout.variables());
    // The installation, which uses it, ends first.
    run.atEnd(cluster::delete);
    var made = new SimulatedInstallation(run, checkout, cluster);
    settings.forEach(made.installation::set);
    made.startDatabase();
    made.startModel();
    made.installation.set("CHOWDER_SANDBOX_ENGINE", "simulated");
    made.installation.set("CHOWDER_FAKE_SANDBOXES", made.sandboxes().toString());
    made.installation.set(
        "CHOWDER_JAVA_OPTS",
        checkout.variable("CHOWDER_BENCH_JAVA_OPTS", "-Xmx2g -XX:+ExitOnOutOfMemoryError"));
    made.installation.up("--nodes", Integer.toString(nodes));
    made.printConditions(nodes);
    return made;
  }

  private void startDatabase() throws SQLException {
    cluster.start(port, List.of());
    try (var database = connect("postgres");
        var statement = database.createStatement()) {
      statement.execute("CREATE DATABASE " + DATABASE);
    }
    installation.set("CHOWDER_STORAGE_URL", url(DATABASE));
    installation.set("CHOWDER_STORAGE_USER", PostgresCluster.USER);
    installation.set("CHOWDER_STORAGE_PASSWORD_FILE", cluster.passwordFile().toString());
  }

  /** Starts the model that all agents use, so that the start configures no demo model. */
  private void startModel() throws IOException {
    var model = new Models(modelPort());
    run.atEnd(model::close);
    installation.set("CHOWDER_MODEL_BASE_URL", "http://localhost:%d/v1".formatted(modelPort()));
    installation.set("CHOWDER_MODEL", Models.NAME);
    installation.set("CHOWDER_LOCALHOST_MODEL_PORTS", Integer.toString(modelPort()));
  }

  private void printConditions(int nodes) throws IOException {
    System.out.printf(
        "%s, %d cores, %.0f GiB; %d node%s on one machine, %s; PostgreSQL %s; %s%n%n",
        first(PROCESSOR, "/proc/cpuinfo"),
        Runtime.getRuntime().availableProcessors(),
        Long.parseLong(first(MEMORY, "/proc/meminfo")) / KIB_PER_GIB,
        nodes,
        nodes == 1 ? "" : "s",
        installation.variable("CHOWDER_JAVA_OPTS"),
        cluster.programs().version(),
        LocalDate.now(ZoneOffset.UTC));
  }

  private static String first(Pattern pattern, String file) throws IOException {
    var match = pattern.matcher(Files.readString(Path.of(file)));
    return match.find() ? match.group(1) : "";
  }

  Endpoints endpoints() {
    return installation.endpoints();
  }

  int modelPort() {
    return installation.port("DEMO_MODEL_PORT");
  }

  /** Returns the folder with the files of the simulated sandboxes. */
  Path sandboxes() {
    return installation.home().resolve("sandboxes");
  }

  /** Returns a new connection to the database of the nodes. */
  Connection database() throws SQLException {
    return connect(DATABASE);
  }

  private Connection connect(String name) throws SQLException {
    return DriverManager.getConnection(url(name), PostgresCluster.USER, cluster.password());
  }

  private String url(String name) {
    return "jdbc:postgresql://127.0.0.1:%d/%s".formatted(port, name);
  }

  /** Returns the processes that run now. */
  Processes processes() throws IOException {
    var all = new ArrayList<Processes.Named>();
    var folder = installation.home().resolve("run");
    all.add(named("Envoy", folder.resolve("envoy.pid")));
    all.add(named("PostgreSQL", cluster.folder().resolve("data/postmaster.pid")));
    try (var nodes = Files.newDirectoryStream(folder, "server*.pid")) {
      for (var node : nodes) all.add(named(Processes.NODES, node));
    }
    return new Processes(all);
  }

  private static Processes.Named named(String name, Path file) throws IOException {
    return new Processes.Named(name, FleetNode.pid(file));
  }

  /** Returns the node of an installation with one. */
  FleetNode node() {
    return new FleetNode(run, installation.home(), checkout.script("lib/supervise"));
  }
}
