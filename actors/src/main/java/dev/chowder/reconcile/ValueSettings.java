package dev.chowder.reconcile;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;

/**
 * Limits of {@link UnreferencedValues}; {@code reference.conf} describes each.
 *
 * @param interval interval between two passes
 * @param grace time for which a value must be unreferenced before it is deleted
 * @param batch maximum number of names per page
 * @param massLimit maximum number of owners that may lose values because the journal may be older
 *     than the values
 * @param massShare this maximum as a share of all owners, if that is more
 */
public record ValueSettings(
    Duration interval,
    Duration grace,
    int batch,
    @Setting("chowder.reconciler.mass-limit") int massLimit,
    @Setting("chowder.reconciler.mass-share") double massShare) {
  /** Reads {@code chowder.values}, and the limits of {@code chowder.reconciler}. */
  public static ValueSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.values", ValueSettings.class);
  }

  int massLimit(int owners) {
    return Math.max(massLimit, (int) (massShare * owners));
  }
}
