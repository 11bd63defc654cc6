package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.base.ClusterNames;
import dev.chowder.base.HostNetworks;
import dev.chowder.base.HostNetworks.Network;
import java.util.List;
import java.util.Set;

/**
 * Generates the rules that decide which packets of sandboxes pass, as Chowder's own chains in the
 * format of {@code iptables-restore}. Pure; changes nothing itself.
 */
final class FirewallRules {
  /**
   * Matches a packet that replies to a connection which the other end opened. The rules rely on the
   * kernel's table of connections, so nothing may remove entries of sandboxes from it: the next
   * packet that the host repeats would count as the first one of a connection that the host opens.
   */
  private static final String REPLY =
      " -m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j ";

  private FirewallRules() {}

  /** Returns the name of the chain for packets that pass through the host. */
  static String forwardChain(String clusterId) {
    return ClusterNames.forwardChain(clusterId);
  }

  /** Returns the name of the chain for packets to the host itself. */
  static String inputChain(String clusterId) {
    return ClusterNames.inputChain(clusterId);
  }

  /**
   * Returns the IPv4 rules.
   *
   * @param hostPorts ports of the bridge's address that sandboxes may reach
   * @param nameServers DNS servers that sandboxes may query
   * @param destinations otherwise blocked destinations that an operator opened
   * @param connected networks that this host is directly connected to, which are closed too
   * @param maxConnections maximum number of open connections per sandbox; 0 disables the limit
   */
  static String ipv4(
      String clusterId,
      DockerNetwork.Bridge bridge,
      Set<Integer> hostPorts,
      List<String> nameServers,
      List<Destination> destinations,
      Set<Network> connected,
      int maxConnections) {
    String forward = forwardChain(clusterId);
    String input = inputChain(clusterId);
    String from = " -i " + bridge.interfaceName();
    StringBuilder rules = new StringBuilder("*filter\n");
    rules.append(":").append(forward).append(" - [0:0]\n");
    rules.append(":").append(input).append(" - [0:0]\n");

    // To sandboxes, only replies pass, and nothing from another sandbox. The match uses the
    // direction, not only "established", so that a connection that was opened while the rules were
    // missing is cut.
    add(
        rules,
        forward,
        " ! -i " + bridge.interfaceName() + " -o " + bridge.interfaceName() + REPLY + "RETURN");
    add(rules, forward, " -o " + bridge.interfaceName() + " -j DROP");
    limitConnections(rules, forward, maxConnections);
    for (String server : nameServers) {
      add(rules, forward, from + " -d " + server + " -p udp --dport 53 -j RETURN");
      add(rules, forward, from + " -d " + server + " -p tcp --dport 53 -j RETURN");
    }
    for (Destination open : destinations) {
      add(rules, forward, from + open.match() + " -j RETURN");
    }
    // Rejected, not dropped, so that an agent's attempt fails at once.
    for (Network range : HostNetworks.closed(connected)) {
      add(rules, forward, from + " -d " + range + " -j REJECT");
    }

    add(rules, input, REPLY + "ACCEPT");
    limitConnections(rules, input, maxConnections);
    for (String server : nameServers) {
      add(rules, input, " -d " + server + " -p udp --dport 53 -j ACCEPT");
      add(rules, input, " -d " + server + " -p tcp --dport 53 -j ACCEPT");
    }
    for (int port : hostPorts) {
      add(rules, input, " -d " + bridge.gateway() + " -p tcp --dport " + port + " -j ACCEPT");
    }
    add(rules, input, " -j REJECT");
    return rules.append("COMMIT\n").toString();
  }

  /**
   * Limits the connections of each sandbox, because all share the host's connection table. Each
   * sandbox has its own address.
   */
  private static void limitConnections(StringBuilder rules, String chain, int max) {
    if (max == 0) return;
    add(
        rules,
        chain,
        " -m conntrack --ctstate NEW -m connlimit --connlimit-above "
            + max
            + " --connlimit-mask 32 --connlimit-saddr -j REJECT");
  }

  /**
   * Returns IPv6 rules that drop everything. The bridge has no IPv6; they apply if it ever gets
   * one.
   */
  static String ipv6(String clusterId) {
    String forward = forwardChain(clusterId);
    String input = inputChain(clusterId);
    return "*filter\n:%s - [0:0]\n:%s - [0:0]\n-A %s -j DROP\n-A %s -j DROP\nCOMMIT\n"
        .formatted(forward, input, forward, input);
  }

  private static void add(StringBuilder rules, String chain, String rule) {
    rules.append("-A ").append(chain).append(rule).append('\n');
  }

  /** A destination that an operator opened. */
  record Destination(String range, int port) {
    /** Parses {@code address[/bits][:port]}. Without a port, all ports are meant. */
    static Destination parse(String text) {
      int colon = text.indexOf(':');
      String range = colon < 0 ? text : text.substring(0, colon);
      int port = colon < 0 ? 0 : Integer.parseInt(text.substring(colon + 1));
      if (!range.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}(/[0-9]{1,2})?")
          || port < 0
          || port > 65535) {
        throw new IllegalArgumentException(
            must("chowder.sandbox.docker.may-reach", "have the form address[/bits][:port]", text));
      }
      return new Destination(range, port);
    }

    String match() {
      return " -d " + range + (port == 0 ? "" : " -p tcp --dport " + port);
    }
  }
}
