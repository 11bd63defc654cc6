package dev.chowder.reconcile;

import dev.chowder.instance.InstanceCommand.RestartPolicy;
import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import java.time.Duration;

/**
 * Limits of the reconciler; {@code reference.conf} describes each.
 *
 * @param firstPassTimeout time for which a starting node waits for the first comparison
 * @param interval interval between two passes
 * @param secondPassDelay delay of the second pass after a node was lost
 * @param redispatchInterval time after which a pending effect is re-dispatched, and the interval of
 *     that
 * @param maxBatchSize maximum number of rows per page
 * @param reportTimeout time after which a stage without a report fails
 * @param maxRestarts how often a crashed gateway is started again within {@code restartWindow}
 * @param restartWindow time in which crashes count towards {@code maxRestarts}
 * @param minUnusedSlotAge minimum age of an unused slot before it is released
 * @param removalDelay time for which ended instances and untracked sandboxes are left alone
 * @param maxMassChanges maximum number of sandboxes that may be lost or removed at once
 * @param maxMassChangeShare this maximum as a share of all instances, if that is more
 * @param maxWaitingEvents maximum number of engine events that wait
 * @param maxConcurrent maximum number of concurrent inspections of sandboxes
 * @param drainTimeout time in which an untracked gateway may finish its work when it is quarantined
 */
@Section("chowder.reconciler")
public record ReconcilerSettings(
    Duration firstPassTimeout,
    Duration interval,
    Duration secondPassDelay,
    Duration redispatchInterval,
    int maxBatchSize,
    Duration reportTimeout,
    int maxRestarts,
    Duration restartWindow,
    Duration minUnusedSlotAge,
    Duration removalDelay,
    int maxMassChanges,
    double maxMassChangeShare,
    int maxWaitingEvents,
    int maxConcurrent,
    @Setting("chowder.effect.drain-timeout") Duration drainTimeout) {

  /** Returns the limit for restarts of a crashed gateway. */
  RestartPolicy restartPolicy() {
    return new RestartPolicy(maxRestarts, restartWindow);
  }

  int massLimit(int instances) {
    return Math.max(maxMassChanges, (int) (maxMassChangeShare * instances));
  }
}
