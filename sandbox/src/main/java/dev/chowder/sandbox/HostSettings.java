package dev.chowder.sandbox;

import com.typesafe.config.Config;
import dev.chowder.settings.SettingsBinder;
import java.util.List;

/**
 * The hosts of an engine.
 *
 * @param movedHosts identities of hosts whose home volumes were moved to this node's engine
 */
public record HostSettings(List<String> movedHosts) {
  /** Reads the settings from the whole configuration. */
  public static HostSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.sandbox", HostSettings.class);
  }
}
