package dev.chowder.operate.node;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.process.Background;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.Variables;
import dev.chowder.operate.state.Installation;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The nodes of an installation on this machine: their number, and the variables of each one. Starts
 * nothing.
 *
 * @param number of nodes, at least 1
 * @param processors of this machine
 */
public record Nodes(Site site, int number, int processors) {
  private static final String FILE = "nodes";
  private static final Duration FORMATION_TIMEOUT = Duration.ofSeconds(60);

  /** Limits of a host, which its nodes share; those of a single node are in reference.conf. */
  private static final int EFFECTS = 32;

  private static final int EFFECTS_PER_PROCESSOR = 2;
  private static final int BODIES_BURST = 128 << 20;
  private static final int BODIES_PER_SECOND = 8 << 20;
  private static final int BODY = 4 << 20;

  /** A body with its headers and its frame. */
  private static final int BODY_EXTRA = 16 << 10;

  /**
   * Returns as many nodes as the user wants, or those of the last start.
   *
   * @param wanted the option {@code --nodes}
   */
  public static Nodes choose(Site site, Optional<String> wanted) {
    var text = wanted.orElseGet(() -> Integer.toString(before(site)));
    if (!text.matches("[1-" + Installation.MAX_NODES + "]")) {
      throw ExitCode.USAGE.failure(must("--nodes", "be 1 to " + Installation.MAX_NODES, text));
    }
    return new Nodes(site, Integer.parseInt(text), Runtime.getRuntime().availableProcessors());
  }

  /** Returns the number of nodes of the last start. */
  static int before(Site site) {
    return new Installation(site.home()).nodes();
  }

  int before() {
    return before(site);
  }

  /** Records the number for later starts. */
  void remember() {
    site.write(FILE, number + "\n");
  }

  public boolean areSeveral() {
    return number > 1;
  }

  public IntStream all() {
    return IntStream.rangeClosed(1, number);
  }

  /** Returns the variables of one node. */
  public Variables variables(int node) {
    var variables = site.variables().copy();
    if (areSeveral()) {
      variables.set(
          "CHOWDER_CLUSTER_CONTACT_POINTS",
          each(n -> "127.0.0.1:" + port("CHOWDER_CLUSTER_MANAGEMENT_PORT", n)));
      variables.setDefault("CHOWDER_CLUSTER_PORT", "9094");
      share(variables);
      shift(variables, node, "CHOWDER_CLUSTER_PORT");
      shift(variables, node, "CHOWDER_CLUSTER_MANAGEMENT_PORT");
    }
    if (variables.find("CHOWDER_SANDBOX_ENGINE").filter("simulated"::equals).isPresent()) {
      variables.setDefault("CHOWDER_SANDBOX_SIMULATOR", site.layout().simulator());
      variables.setDefault("CHOWDER_FAKE_SANDBOXES", site.file("sandboxes").toString());
    }
    shift(variables, node, "CHOWDER_GRPC_PORT");
    shift(variables, node, "CHOWDER_OPERATOR_PORT");
    shift(variables, node, "CHOWDER_MONITORING_PORT");
    return variables;
  }

  /** Divides the limits of the host among the nodes. */
  private void share(Variables variables) {
    variables.setDefault("CHOWDER_EFFECT_MAX_CONCURRENT", Integer.toString(part(EFFECTS)));
    int perNode = part(EFFECTS_PER_PROCESSOR * processors);
    // Each node reserves one boot for organizations that start no other gateway.
    variables.setDefault("CHOWDER_EFFECT_MAX_CONCURRENT_BOOTS", Integer.toString(perNode + 1));
    variables.setDefault("CHOWDER_EFFECT_MAX_CONCURRENT_WAKES", Integer.toString(perNode));
    // Each node counts only the bodies that Envoy checks with it, but one Envoy holds all bodies. A
    // node must admit at least one body.
    int body = variables.number("CHOWDER_MAX_BODY_BYTES", BODY) + BODY_EXTRA;
    int burst = Math.max(BODIES_BURST / number, body);
    variables.setDefault("CHOWDER_BODIES_BURST", Integer.toString(burst));
    variables.setDefault(
        "CHOWDER_BODIES_BYTES_PER_SECOND", Integer.toString(BODIES_PER_SECOND / number));
  }

  /** Returns the share of one node, rounded up. */
  private int part(int whole) {
    return (whole + number - 1) / number;
  }

  private static void shift(Variables variables, int node, String name) {
    variables.set(name, Integer.toString(port(variables, name, node)));
  }

  private int port(String name, int node) {
    return port(site.variables(), name, node);
  }

  private static int port(Variables variables, String name, int node) {
    return variables.port(name) + Installation.PORTS_APART * (node - 1);
  }

  /**
   * Returns how long a node may take to respond. On a database that nodes share, it may first wait
   * for the members of the last cluster, as after a reboot.
   */
  public Duration startLimit() {
    var limit = Background.startLimit(site.variables());
    boolean isShared =
        site.variables().find("CHOWDER_STORAGE_URL").filter(url -> !isH2(url)).isPresent();
    return isShared ? limit.plus(formationTimeout()) : limit;
  }

  private static boolean isH2(String url) {
    return url.startsWith("jdbc:h2:");
  }

  private Duration formationTimeout() {
    var name = "CHOWDER_CLUSTER_FORMATION_TIMEOUT";
    var value = site.variables().find(name);
    if (value.isEmpty()) return FORMATION_TIMEOUT;
    try {
      var exact = ConfigFactory.parseMap(Map.of("time", value.get())).getDuration("time");
      // Waits count in whole seconds.
      return Duration.ofSeconds(exact.plusSeconds(1).minusNanos(1).toSeconds());
    } catch (ConfigException invalid) {
      throw ExitCode.USAGE.failure(
          must(name, "be a duration such as 60s or 2m", value.get()), invalid);
    }
  }

  /** Returns all nodes in the format of Envoy's configuration. */
  public String forEnvoy() {
    return each(
        n ->
            "127.0.0.1:%d:%d:%d"
                .formatted(
                    port("CHOWDER_GRPC_PORT", n),
                    port("CHOWDER_OPERATOR_PORT", n),
                    port("CHOWDER_MONITORING_PORT", n)));
  }

  private String each(IntFunction<String> text) {
    return all().mapToObj(text).collect(Collectors.joining(","));
  }
}
