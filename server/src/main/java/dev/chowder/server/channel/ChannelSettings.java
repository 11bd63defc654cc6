package dev.chowder.server.channel;

import com.typesafe.config.Config;
import dev.chowder.hostport.HostPortSettings;
import java.util.Set;

/**
 * The operator's settings for channels; {@code reference.conf} has the defaults.
 *
 * @param localhostPorts ports of the machine that Chowder runs on, which sandboxes may reach
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
