package dev.chowder.reconcile;

import com.typesafe.config.Config;
import dev.chowder.instance.InstanceCommand.RestartPolicy;
import java.time.Duration;

/**
 * Limits of the reconciler; {@code reference.conf} describes each.
 *
 * @param firstPass time for which a starting node waits for the first comparison
 * @param interval interval between two passes
 * @param sweepAgain delay of the second pass after a node was lost
 * @param remind time after which a pending effect is re-dispatched, and the interval of that
 * @param batch maximum number of rows per page
 * @param overdue time after which a stage without a report fails
 * @param restarts how often a lost gateway is started again
 * @param unbornGrace minimum age of an unused slot before it is released
 * @param removalGrace time for which ended instances and untracked sandboxes are left alone
 * @param massLimit maximum number of sandboxes that may be lost or removed at once
 * @param massShare this maximum as a share of all instances, if that is more
 * @param notices maximum number of engine events that wait
 * @param looks maximum number of concurrent inspections of sandboxes
 * @param drain time in which an untracked gateway may finish its work when it is quarantined
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
