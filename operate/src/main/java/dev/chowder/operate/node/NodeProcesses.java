package dev.chowder.operate.node;

import dev.chowder.operate.http.LocalHttp;
import dev.chowder.operate.process.Background;
import dev.chowder.operate.process.PortUse;
import dev.chowder.operate.process.Ports;
import dev.chowder.operate.site.ContentKey;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.Variables;
import dev.chowder.operate.state.Installation;
import dev.chowder.operate.state.Results;
import dev.chowder.operate.state.SupervisedProcess;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Starts the nodes of an installation. It restarts a running node only if its code or settings
 * changed.
 */
public final class NodeProcesses {
  private static final String HEALTH = "/healthz";

  /** The ports of a node and what uses them. */
  private static final List<PortUse> PORTS =
      List.of(
          new PortUse("CHOWDER_GRPC_PORT", "gRPC"),
          new PortUse("CHOWDER_OPERATOR_PORT", "operators"),
          new PortUse("CHOWDER_MONITORING_PORT", "monitoring"));

  private static final PortUse OF_CLUSTER =
      new PortUse("CHOWDER_CLUSTER_MANAGEMENT_PORT", "other nodes");

  /** Variables that no node reads. */
  private static final Set<String> NOT_OF_NODES =
      Set.of("CHOWDER_CACHE", "CHOWDER_START_AT_BOOT", "CHOWDER_CHROMIUM");

  private static final List<String> PREFIXES_NOT_OF_NODES =
      List.of("CHOWDER_MODEL", "CHOWDER_TEST_", "CHOWDER_E2E_");

  private final Site site;
  private final Nodes nodes;
  private final LocalHttp http;

  public NodeProcesses(Site site, Nodes nodes) {
    this.site = site;
    this.nodes = nodes;
    this.http = LocalHttp.ofNodes(site.variables());
  }

  /**
   * Returns when all nodes serve. If some run already, it restarts nodes one by one, so that at
   * least one always serves.
   *
   * @param cache the AOT cache of their JVM, if there is one
   */
  public void ensure(Optional<Path> cache) {
    // A single node and a cluster, or two clusters, must never use one database at the same time.
    if (anyRuns(site) && nodes.before() != nodes.number()) {
      site.say(
          "Stopping the server, to change from %d to %d nodes ..."
              .formatted(nodes.before(), nodes.number()));
      stop(site);
    }
    nodes.remember();
    if (anyRuns(site)) {
      nodes.all().forEach(node -> new One(node).ensure(cache).await());
    } else {
      // All must be started first, because a node forms no cluster before the others respond.
      var started = nodes.all().mapToObj(node -> new One(node).ensure(cache)).toList();
      started.forEach(One::await);
    }
  }

  /** Fails if another process uses a port of a node with these variables. */
  public static void requirePorts(Variables variables) {
    PORTS.forEach(port -> Ports.requireFree(variables, port));
  }

  /** Returns whether the first node serves. */
  public boolean answers() {
    return http.answers(site.variables().port("CHOWDER_MONITORING_PORT"), HEALTH, 200);
  }

  /** Returns the health document of the first node, in JSON; empty if it does not respond. */
  public Optional<String> health() {
    return http.get(site.variables().port("CHOWDER_MONITORING_PORT"), HEALTH)
        .map(response -> response.body());
  }

  /** Stops all running nodes in parallel. */
  public static void stop(Site site) {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var stops = running(site).map(node -> threads.submit(node::stop)).toList();
      for (var stop : stops) Results.of(stop);
    }
  }

  /** Returns whether any node runs, or its supervisor. */
  public static boolean anyRuns(Site site) {
    return running(site).anyMatch(Background::isRunning);
  }

  private static Stream<Background> running(Site site) {
    return IntStream.rangeClosed(1, Installation.MAX_NODES).mapToObj(node -> process(site, node));
  }

  /**
   * Returns the process of a node.
   *
   * @param node its number from 1
   */
  public static Background process(Site site, int node) {
    return new Background(site, Installation.nodeName(node), SupervisedProcess.NODE);
  }

  /** One node with its variables. */
  private final class One {
    private final Variables variables;
    private final Background process;
    private final String key;

    One(int node) {
      this.variables = nodes.variables(node);
      this.process = process(site, node);
      this.key = key(variables);
    }

    One ensure(Optional<Path> cache) {
      if (process.isSupervised() && process.hasKey(key)) return this;
      if (process.isRunning()) {
        PORTS.forEach(port -> Ports.requireUsable(process, variables, port));
        site.say("Restarting %s: its code or settings changed ...".formatted(process.name()));
        process.stop();
      }
      requirePorts(variables);
      if (nodes.areSeveral()) {
        Ports.requireFree(variables, OF_CLUSTER);
      }
      site.say("Starting %s ...".formatted(process.name()));
      process.start(ServerCommand.of(site.layout(), variables, cache), variables, true);
      return this;
    }

    void await() {
      int port = variables.port("CHOWDER_MONITORING_PORT");
      process.await(nodes.startLimit(), () -> http.answers(port, HEALTH, 200));
      if (!process.hasKey(key)) process.keep(key);
    }
  }

  /** Returns a hash of the code and settings of a node. A different value requires a restart. */
  private String key(Variables variables) {
    var text = new StringBuilder();
    text.append(site.layout().app()).append('\n').append(site.layout().java()).append('\n');
    text.append(ServerCommand.optionsText(variables)).append('\n');
    // Secrets enter only the hash.
    variables
        .all()
        .forEach(
            (name, value) -> {
              if (isOfNodes(name)) text.append(name).append('=').append(value).append('\n');
            });
    return ContentKey.of(text.toString());
  }

  private static boolean isOfNodes(String name) {
    return name.startsWith("CHOWDER_")
        && !NOT_OF_NODES.contains(name)
        && PREFIXES_NOT_OF_NODES.stream().noneMatch(name::startsWith);
  }
}
