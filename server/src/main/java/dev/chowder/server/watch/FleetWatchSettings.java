package dev.chowder.server.watch;

import com.typesafe.config.Config;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;

/**
 * Limits of watches of whole organizations. {@code reference.conf} gives the reasons.
 *
 * @param pollInterval time between two queries of the journal
 * @param visibilityTimeout longest time from the numbering of an entry until it is visible
 * @param retention maximum age of changes that a cursor has not seen
 * @param heartbeatInterval time between two cursors if nothing changes
 * @param maxPerOrganization open watches of one organization on this node
 */
public record FleetWatchSettings(
    Duration pollInterval,
    Duration visibilityTimeout,
    Duration retention,
    Duration heartbeatInterval,
    int maxPerOrganization) {

  /** Reads {@code chowder.fleet-watch}. */
  public static FleetWatchSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.fleet-watch", FleetWatchSettings.class);
  }
}
