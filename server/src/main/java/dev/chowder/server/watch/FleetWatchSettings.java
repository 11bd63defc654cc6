package dev.chowder.server.watch;

import com.typesafe.config.Config;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;

/**
 * Limits of watches of whole organizations. {@code reference.conf} gives the reasons.
 *
 * @param poll time between two queries of the journal
 * @param settle longest time from the numbering of an entry until it is visible
 * @param keep maximum age of changes that a cursor has not seen
 * @param heartbeat time between two cursors if nothing changes
 * @param maxPerOrganization open watches of one organization on this node
 */
public record FleetWatchSettings(
    Duration poll, Duration settle, Duration keep, Duration heartbeat, int maxPerOrganization) {

  /** Reads {@code chowder.fleet-watch}. */
  public static FleetWatchSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.fleet-watch", FleetWatchSettings.class);
  }
}
