package dev.chowder.operate.edge;

import dev.chowder.envoy.EnvoyConfiguration;
import dev.chowder.operate.http.LocalHttp;
import dev.chowder.operate.node.Nodes;
import dev.chowder.operate.process.Background;
import dev.chowder.operate.process.PortUse;
import dev.chowder.operate.process.Ports;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.Variables;
import dev.chowder.operate.state.OwnerOnly;
import java.nio.file.Path;
import java.util.List;

/** Envoy, which serves REST and gRPC to callers. It restarts only if its configuration changed. */
public final class EnvoyServer {
  /** The ports of Envoy and what uses them. */
  private static final List<PortUse> PORTS =
      List.of(
          new PortUse("CHOWDER_REST_PORT", "REST"),
          new PortUse("CHOWDER_OPERATOR_REST_PORT", "operators' REST"));

  /**
   * A call without a key returns it from a node, so it proves that Envoy reaches a healthy node.
   */
  private static final int UNAUTHENTICATED = 401;

  private final Site site;
  private final Nodes nodes;
  private final LocalHttp http;

  public EnvoyServer(Site site, Nodes nodes) {
    this.site = site;
    this.nodes = nodes;
    this.http = LocalHttp.ofCallers(site.variables());
  }

  /** Returns when Envoy serves calls. */
  public void ensure(Path program) {
    var process = process(site);
    var configuration = configuration();
    if (!process.isSupervised() || !isCurrent(configuration)) {
      if (process.isRunning()) {
        PORTS.forEach(port -> Ports.requireUsable(process, site.variables(), port));
        site.say("Restarting Envoy: its configuration changed ...");
        process.stop();
      }
      requirePorts();
      OwnerOnly.write(file(site), configuration);
      site.say("Starting Envoy ...");
      process.start(command(program, file(site)), site.variables(), false);
    }
    // Envoy checks the health of nodes at intervals, so a node that has just started may still
    // count as lost.
    process.await(Background.startLimit(site.variables()), this::answers);
  }

  private boolean isCurrent(String configuration) {
    return Site.text(file(site)).filter(configuration.strip()::equals).isPresent();
  }

  /** Fails if another process uses one of its ports. */
  public void requirePorts() {
    PORTS.forEach(port -> Ports.requireFree(site.variables(), port));
  }

  public boolean answers() {
    int port = site.variables().port("CHOWDER_REST_PORT");
    return http.answers(port, "/v1/organization", UNAUTHENTICATED);
  }

  /** Returns its configuration, which contains the token that authenticates Envoy at the nodes. */
  public String configuration() {
    var app = site.layout().app();
    Variables variables = site.variables().copy();
    variables.set("CHOWDER_NODES", nodes.forEnvoy());
    variables.set("CHOWDER_DESCRIPTORS", app.resolve("chowder.pb").toString());
    variables.set("CHOWDER_OPENAPI", app.resolve("openapi.json").toString());
    return EnvoyConfiguration.render(variables.all());
  }

  /** Returns the command that runs Envoy with a configuration. */
  public static List<String> command(Path program, Path configuration) {
    return List.of(
        program.toString(),
        "-c",
        configuration.toString(),
        "--disable-hot-restart",
        "--log-level",
        "warn");
  }

  /** Returns the process of an installation's Envoy. */
  public static Background process(Site site) {
    return new Background(site, "envoy", file(site).toString());
  }

  private static Path file(Site site) {
    return site.run("envoy.yaml");
  }
}
