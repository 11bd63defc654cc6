package dev.chowder.server.channel;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.util.Set;

/**
 * The operator's settings for channels; {@code reference.conf} has the defaults.
 *
 * @param localhostPorts ports of the machine that Chowder runs on, which sandboxes may reach
 */
public record ChannelSettings(@Setting(min = "1", max = "65535") Set<Integer> localhostPorts) {
  public ChannelSettings {
    localhostPorts = Set.copyOf(localhostPorts);
  }

  /** Reads {@code chowder.channels}. */
  public static ChannelSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.channels", ChannelSettings.class);
  }
}
