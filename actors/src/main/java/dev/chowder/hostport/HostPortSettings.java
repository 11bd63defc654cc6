package dev.chowder.hostport;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;

/**
 * Loopback ports of the host that sandboxes may reach; {@code reference.conf} describes each
 * setting.
 *
 * @param models ports that a model's base URL may name, unless an operator decided otherwise
 * @param closed ports that are never opened, in addition to those that nodes listen on
 * @param refreshEvery interval at which each node computes which ports must be open
 */
public record HostPortSettings(Set<Integer> models, Set<Integer> closed, Duration refreshEvery) {
  public static final int LAST_PORT = 65_535;

  public HostPortSettings {
    models = Set.copyOf(models);
    closed = Set.copyOf(closed);
  }

  /** Reads {@code chowder.host-ports}. */
  public static HostPortSettings of(Config root) {
    var config = root.getConfig("chowder.host-ports");
    var closed = new TreeSet<>(ports(config, "closed"));
    closed.add(config.getInt("rest-port"));
    return new HostPortSettings(
        ports(config, "models"), closed, config.getDuration("refresh-every"));
  }

  /** Returns the ports of a comma-separated list. */
  public static Set<Integer> ports(Config config, String path) {
    var ports = new TreeSet<Integer>();
    for (var word : config.getString(path).split("[,\\s]+", -1)) {
      if (!word.isEmpty()) ports.add(port(path, word));
    }
    return ports;
  }

  private static int port(String path, String text) {
    if (text.matches("[0-9]{1,5}")) {
      int port = Integer.parseInt(text);
      if (port >= 1 && port <= LAST_PORT) return port;
    }
    throw new IllegalArgumentException(
        must(path, "be ports from 1 to " + LAST_PORT + ", comma-separated", text));
  }
}
