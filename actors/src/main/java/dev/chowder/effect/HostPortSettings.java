package dev.chowder.effect;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which ports of the host's loopback sandboxes may reach; {@code reference.conf} says what each
 * value means.
 *
 * @param models ports that a model's base URL may name, unless an operator decided otherwise
 * @param closed ports that are never opened, besides those that nodes listen on
 * @param refreshEvery how often each node computes which ports must be open
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
        path + ": must be ports from 1 to " + LAST_PORT + ", comma-separated; got " + text);
  }
}
