package dev.chowder.server.channel;

import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import java.util.Set;

/**
 * The operator's settings for channels; {@code reference.conf} has the defaults.
 *
 * @param localhostPorts ports of the machine that Chowder runs on, which sandboxes may reach
 */
@Section("chowder.channels")
public record ChannelSettings(@Setting(min = "1", max = "65535") Set<Integer> localhostPorts) {
  public ChannelSettings {
    localhostPorts = Set.copyOf(localhostPorts);
  }
}
