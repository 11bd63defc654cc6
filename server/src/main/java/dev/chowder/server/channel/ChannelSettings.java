package dev.chowder.server.channel;

import com.typesafe.config.Config;
import dev.chowder.effect.HostPortSettings;
import java.util.Set;

/**
 * What an operator says of channels; {@code reference.conf} says what it is by default.
 *
 * @param localhostPorts of the machine that Chowder runs on, opened to sandboxes
 */
public record ChannelSettings(Set<Integer> localhostPorts) {
  public ChannelSettings {
    localhostPorts = Set.copyOf(localhostPorts);
  }

  /** Reads {@code chowder.channels}. */
  public static ChannelSettings of(Config root) {
    return new ChannelSettings(HostPortSettings.ports(root, "chowder.channels.localhost-ports"));
  }
}
