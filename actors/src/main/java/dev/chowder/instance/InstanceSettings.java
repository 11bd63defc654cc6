package dev.chowder.instance;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Settings of instances; {@code reference.conf} explains each.
 *
 * @param askTimeout maximum time for the reply to a command
 * @param askAgain time without a reply after which a command is resent
 * @param heartbeat interval at which a watcher receives the unchanged view
 * @param watchAgain time without a reply after which a watch subscribes again
 * @param maxWatchers maximum number of concurrent watchers of one instance
 * @param snapshotEvery maximum number of events that a recovery reads after a snapshot
 */
public record InstanceSettings(
    Duration askTimeout,
    Duration askAgain,
    Duration heartbeat,
    Duration watchAgain,
    int maxWatchers,
    int snapshotEvery) {

  /** Reads {@code chowder.instance}. */
  public static InstanceSettings of(Config root) {
    var config = root.getConfig("chowder.instance");
    return new InstanceSettings(
        config.getDuration("ask-timeout"),
        config.getDuration("ask-again"),
        config.getDuration("heartbeat"),
        config.getDuration("watch-again"),
        config.getInt("max-watchers"),
        config.getInt("snapshot-every"));
  }
}
