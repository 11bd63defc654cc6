package dev.chowder.effect;

import com.typesafe.config.Config;
import dev.chowder.instance.InstanceCommand.RestartPolicy;
import java.time.Duration;

/**
 * Limits of the reconciler; {@code reference.conf} says what each is for.
 *
 * @param firstPass how long a start waits for the first comparison
 * @param interval how often everything is compared
 * @param sweepAgain how long after a node was lost everything is compared once more
 * @param remind how long something may be owed before it is asked for again, and how often then
 * @param batch how many rows are read at once
 * @param overdue after how long a stage without a report fails
 * @param restarts how often a gateway that is lost is started again
 * @param unbornGrace how old a slot that no instance uses must be before it is released
 * @param removalGrace how long what has ended, or is unknown, is left alone
 * @param massLimit how many sandboxes may be lost or removed at once
 * @param massShare the same as a share of all instances, where that is more
 * @param notices how many of the engine's notices may wait
 * @param looks how many sandboxes are inspected at once
 * @param drain how long an unknown gateway may finish its work when it is quarantined
 */
public record ReconcilerSettings(
    Duration firstPass,
    Duration interval,
    Duration sweepAgain,
    Duration remind,
    int batch,
    Duration overdue,
    RestartPolicy restarts,
    Duration unbornGrace,
    Duration removalGrace,
    int massLimit,
    double massShare,
    int notices,
    int looks,
    Duration drain) {

  /** Reads {@code chowder.reconciler}. */
  public static ReconcilerSettings of(Config root) {
    var config = root.getConfig("chowder.reconciler");
    return new ReconcilerSettings(
        config.getDuration("first-look"),
        config.getDuration("interval"),
        config.getDuration("sweep-again"),
        config.getDuration("remind"),
        config.getInt("batch"),
        config.getDuration("overdue"),
        new RestartPolicy(config.getInt("restarts"), config.getDuration("restart-window")),
        config.getDuration("unborn-grace"),
        config.getDuration("removal-grace"),
        config.getInt("mass-limit"),
        config.getDouble("mass-share"),
        config.getInt("notices"),
        config.getInt("looks"),
        root.getDuration("chowder.effect.drain"));
  }

  int massLimit(int instances) {
    return Math.max(massLimit, (int) (massShare * instances));
  }
}
