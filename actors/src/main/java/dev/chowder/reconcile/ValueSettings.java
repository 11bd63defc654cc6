package dev.chowder.reconcile;

import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import java.time.Duration;

/**
 * Limits of {@link UnreferencedValues}; {@code reference.conf} describes each.
 *
 * @param interval interval between two passes
 * @param minUnreferencedAge time for which a value must be unreferenced before it is deleted
 * @param maxBatchSize maximum number of names per page
 * @param maxMassChanges maximum number of owners that may lose values because the journal may be
 *     older than the values
 * @param maxMassChangeShare this maximum as a share of all owners, if that is more
 */
@Section("chowder.values")
public record ValueSettings(
    Duration interval,
    Duration minUnreferencedAge,
    int maxBatchSize,
    @Setting("chowder.reconciler.max-mass-changes") int maxMassChanges,
    @Setting("chowder.reconciler.max-mass-change-share") double maxMassChangeShare) {
  int massLimit(int owners) {
    return Math.max(maxMassChanges, (int) (maxMassChangeShare * owners));
  }
}
