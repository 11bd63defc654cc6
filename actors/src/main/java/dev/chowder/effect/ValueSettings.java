package dev.chowder.effect;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Limits of {@link UnreferencedValues}; {@code reference.conf} says what each is for.
 *
 * @param interval how often all values are checked
 * @param grace how long a value must be unreferenced before it is deleted
 * @param batch how many names are read at once
 * @param massLimit how many owners may lose values for which an older journal could be the cause
 * @param massShare the same as a share of all owners, where that is more
 */
public record ValueSettings(
    Duration interval, Duration grace, int batch, int massLimit, double massShare) {
  /** Reads {@code chowder.values}, and the limits of {@code chowder.reconciler}. */
  public static ValueSettings of(Config root) {
    var config = root.getConfig("chowder.values");
    return new ValueSettings(
        config.getDuration("interval"),
        config.getDuration("grace"),
        config.getInt("batch"),
        root.getInt("chowder.reconciler.mass-limit"),
        root.getDouble("chowder.reconciler.mass-share"));
  }

  int massLimit(int owners) {
    return Math.max(massLimit, (int) (massShare * owners));
  }
}
