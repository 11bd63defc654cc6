package dev.chowder.operate;

import com.google.gson.JsonParser;
import dev.chowder.cli.failure.ClientFailure;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.Api;
import dev.chowder.client.context.Context;
import dev.chowder.client.context.ContextFile;
import dev.chowder.client.context.ContextResolver;
import dev.chowder.envoy.TlsVariables;
import dev.chowder.operate.agent.Agents;
import dev.chowder.operate.agent.FirstAgent;
import dev.chowder.operate.aot.AotCache;
import dev.chowder.operate.boot.Boot;
import dev.chowder.operate.command.Invocation;
import dev.chowder.operate.database.PrivateDatabase;
import dev.chowder.operate.docker.DockerHost;
import dev.chowder.operate.edge.EnvoyServer;
import dev.chowder.operate.edge.Programs;
import dev.chowder.operate.model.DemoModel;
import dev.chowder.operate.model.ModelChoice;
import dev.chowder.operate.model.ModelSettings;
import dev.chowder.operate.node.NodeProcesses;
import dev.chowder.operate.node.Nodes;
import dev.chowder.operate.organization.FirstOrganization;
import dev.chowder.operate.organization.Operator;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.Variables;
import dev.chowder.operate.state.UpLock;
import dev.chowder.operate.swap.Swap;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** Starts an installation. Each step can be repeated, and changes nothing if it is done. */
final class Up {
  private final Site site;
  private final Invocation invocation;
  private final Variables caller;

  /**
   * What the user wants.
   *
   * @param nodes the number of nodes; empty if it stays
   * @param firstAgent whether the first start creates an agent
   * @param zram whether zram swap is set up; empty if the choice stays
   * @param swapBytes the size of the swap file; empty if it stays
   */
  record Options(
      Optional<String> nodes, boolean firstAgent, Optional<Boolean> zram, OptionalLong swapBytes) {}

  /**
   * Starts nothing yet.
   *
   * @param caller the variables that the user set
   */
  Up(Site site, Invocation invocation, Variables caller) {
    this.site = site;
    this.invocation = invocation;
    this.caller = caller;
  }

  void run(Options options) {
    long began = System.nanoTime();
    var nodes = Nodes.choose(site, options.nodes());
    // A running node must not be stopped for one that cannot start.
    site.variables().checkPorts();
    // Before anything starts, so that a wrong TLS configuration starts nothing instead of serving a
    // part in plain text.
    new TlsVariables(site.variables().all()).checkCallers();
    var boot = new Boot(site);
    boot.remember(caller.all());
    site.ensureState();
    try (var _ = UpLock.take(site.home())) {
      var envoy = prepare(options);
      var model = ModelChoice.of(site);
      new DemoModel(site).ensure(model);
      new PrivateDatabase(site).ensure(nodes.areSeveral());
      // Before a node stops, because a training run takes time.
      var cache = new AotCache(site).ensure();
      new NodeProcesses(site, nodes).ensure(cache);
      new EnvoyServer(site, nodes).ensure(envoy);
      serve(model);
      if (options.firstAgent()) new FirstAgent(site, model, invocation.environment()).walk();
      boot.ensure();
      warnOfMissingIsolation(nodes);
    }
    site.say(
        "Started in %d s. State directory: %s. To stop Chowder, run %s."
            .formatted(
                Duration.ofNanos(System.nanoTime() - began).toSeconds(),
                site.home(),
                site.command("down")));
  }

  /** Prepares the host, and returns the program of Envoy. */
  private Path prepare(Options options) {
    var docker = new DockerHost(site);
    if (!docker.isUsed()) {
      refuseSwap(options);
    } else {
      docker.ensure();
      var swap = new Swap(site);
      options.zram().ifPresent(swap::chooseZram);
      swap.ensure(options.swapBytes());
      swap.permitDisk();
      site.variables().set("CHOWDER_SANDBOX_IMAGE", docker.image());
    }
    return Programs.envoy(site);
  }

  private static void refuseSwap(Options options) {
    if (options.zram().isEmpty() && options.swapBytes().isEmpty()) return;
    throw ExitCode.USAGE.failure(
        "--zram and --swap-file: must not be set with another engine than Docker, since its agents use the memory of its host");
  }

  /** Configures the organization, and starts its agents again. */
  private void serve(ModelChoice model) {
    var operator = Operator.of(invocation);
    new FirstOrganization(site, operator).ensure();
    try (var api = new Api(context(site), ClientFailure.notices(site::say))) {
      new ModelSettings(site, model).ensure(operator, api);
      new Agents(site, api).wake();
    }
  }

  /** Returns how this command calls its own installation, whatever context the user has chosen. */
  static Context context(Site site) {
    var variables = site.variables().all();
    return new ContextResolver(variables, ContextFile.of(variables)).resolve(Context.LOCAL);
  }

  /** The log of the node has the cause. */
  private void warnOfMissingIsolation(Nodes nodes) {
    var health = new NodeProcesses(site, nodes).health();
    if (health.isEmpty()) return;
    var isolated = JsonParser.parseString(health.get()).getAsJsonObject().get("isolated");
    if (isolated == null || !isolated.isJsonPrimitive() || isolated.getAsBoolean()) return;
    site.say(
        "WARNING: this host does not isolate sandboxes. Agents reach its ports, each other and"
            + " private networks, so no second organization may sign up. For the cause, run: grep"
            + " 'not isolated' "
            + site.log("server"));
  }

  /** Replaces the key of the first organization. */
  void newKey() {
    if (!new NodeProcesses(site, Nodes.choose(site, Optional.empty())).answers()) {
      throw ExitCode.UNAVAILABLE.failure(
          "Chowder is not running: run %s first".formatted(site.command("up")));
    }
    new FirstOrganization(site, Operator.of(invocation)).newKey();
  }
}
