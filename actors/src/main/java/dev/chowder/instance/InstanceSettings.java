package dev.chowder.instance;

import dev.chowder.settings.Section;
import java.time.Duration;

/**
 * Settings of instances; {@code reference.conf} explains each.
 *
 * @param askTimeout maximum time for the reply to a command
 * @param resendInterval time without a reply after which a command is resent
 * @param heartbeatInterval interval at which a watcher receives the unchanged view
 * @param watchResendInterval time without a reply after which a watch subscribes again
 * @param maxWatchers maximum number of concurrent watchers of one instance
 * @param maxEventsAfterSnapshot maximum number of events that a recovery reads after a snapshot
 */
@Section("chowder.instance")
public record InstanceSettings(
    Duration askTimeout,
    Duration resendInterval,
    Duration heartbeatInterval,
    Duration watchResendInterval,
    int maxWatchers,
    int maxEventsAfterSnapshot) {}
