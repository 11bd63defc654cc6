package dev.chowder.reconcile;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
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
public record ValueSettings(
    Duration interval,
    Duration minUnreferencedAge,
    int maxBatchSize,
    @Setting("chowder.reconciler.max-mass-changes") int maxMassChanges,
    @Setting("chowder.reconciler.max-mass-change-share") double maxMassChangeShare) {
  /** Reads {@code chowder.values}, and the limits of {@code chowder.reconciler}. */
  public static ValueSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.values", ValueSettings.class);
  }

  int massLimit(int owners) {
    return Math.max(maxMassChanges, (int) (maxMassChangeShare * owners));
  }
}
