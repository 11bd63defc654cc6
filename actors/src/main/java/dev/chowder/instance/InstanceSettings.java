package dev.chowder.instance;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Limits of the instances; {@code reference.conf} says what each is for.
 *
 * @param askTimeout how long an instance may take to answer a command
 * @param askAgain how long an answer is waited for before the command is sent again
 * @param heartbeat how often a watcher is told the current state when nothing changes
 * @param watchAgain how long a watch waits for an answer before it asks again
 * @param maxWatchers how many may watch one instance at once
 * @param snapshotEvery how many events a recovery reads at most after a snapshot
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
