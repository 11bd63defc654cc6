package dev.chowder.server.watch;

import dev.chowder.settings.Section;
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
@Section("chowder.fleet-watch")
public record FleetWatchSettings(
    Duration pollInterval,
    Duration visibilityTimeout,
    Duration retention,
    Duration heartbeatInterval,
    int maxPerOrganization) {}
