package dev.chowder.server.watch;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Limits of watches of whole organizations; {@code reference.conf} says what each is for.
 *
 * @param poll between two looks into the journal
 * @param settle how long something may take from its place in the journal to being seen there
 * @param keep how old what a cursor has not seen may be
 * @param heartbeat how often the cursor is told when nothing changes
 * @param maxPerOrganization open ones of one organization at this node
 */
public record FleetWatchSettings(
    Duration poll, Duration settle, Duration keep, Duration heartbeat, int maxPerOrganization) {

  /** Reads {@code chowder.fleet-watch}. */
  public static FleetWatchSettings of(Config root) {
    var config = root.getConfig("chowder.fleet-watch");
    return new FleetWatchSettings(
        config.getDuration("poll"),
        config.getDuration("settle"),
        config.getDuration("keep"),
        config.getDuration("heartbeat"),
        config.getInt("max-per-organization"));
  }
}
