package dev.chowder.server.channel;

import com.google.common.base.Splitter;
import com.typesafe.config.Config;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What an operator says of channels; {@code reference.conf} says what it is by default.
 *
 * @param localhostPorts of the machine that Chowder runs on, opened to sandboxes
 */
public record ChannelSettings(Set<Integer> localhostPorts) {
  private static final int LAST_PORT = 65_535;

  public ChannelSettings {
    localhostPorts = Set.copyOf(localhostPorts);
  }

  /** Reads {@code chowder.channels}. */
  public static ChannelSettings of(Config root) {
    var ports = root.getString("chowder.channels.localhost-ports");
    return new ChannelSettings(
        Splitter.on(',')
            .trimResults()
            .omitEmptyStrings()
            .splitToStream(ports)
            .map(ChannelSettings::port)
            .collect(Collectors.toUnmodifiableSet()));
  }

  private static int port(String text) {
    try {
      int port = Integer.parseInt(text);
      if (port >= 1 && port <= LAST_PORT) return port;
    } catch (NumberFormatException none) {
      // Told below, as any other that is no port.
    }
    throw new IllegalArgumentException(
        "chowder.channels.localhost-ports: " + text + " (expected: ports, comma-separated)");
  }
}
