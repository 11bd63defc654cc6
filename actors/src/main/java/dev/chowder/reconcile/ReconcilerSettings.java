package dev.chowder.reconcile;

import com.typesafe.config.Config;
import dev.chowder.instance.InstanceCommand.RestartPolicy;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
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
 * @param restarts how often a crashed gateway is started again within {@code restartWindow}
 * @param restartWindow time in which crashes count towards {@code restarts}
 * @param unbornGrace minimum age of an unused slot before it is released
 * @param removalGrace time for which ended instances and untracked sandboxes are left alone
 * @param massLimit maximum number of sandboxes that may be lost or removed at once
 * @param massShare this maximum as a share of all instances, if that is more
 * @param notices maximum number of engine events that wait
 * @param looks maximum number of concurrent inspections of sandboxes
 * @param drain time in which an untracked gateway may finish its work when it is quarantined
 */
public record ReconcilerSettings(
    @Setting("first-look") Duration firstPass,
    Duration interval,
    Duration sweepAgain,
    Duration remind,
    int batch,
    Duration overdue,
    int restarts,
    Duration restartWindow,
    Duration unbornGrace,
    Duration removalGrace,
    int massLimit,
    double massShare,
    int notices,
    int looks,
    @Setting("chowder.effect.drain") Duration drain) {

  /** Reads {@code chowder.reconciler}. */
  public static ReconcilerSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.reconciler", ReconcilerSettings.class);
  }

  /** Returns the limit for restarts of a crashed gateway. */
  RestartPolicy restartPolicy() {
    return new RestartPolicy(restarts, restartWindow);
  }

  int massLimit(int instances) {
    return Math.max(massLimit, (int) (massShare * instances));
  }
}
