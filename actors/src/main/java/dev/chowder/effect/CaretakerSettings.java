package dev.chowder.effect;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Limits of the sweeps; {@code reference.conf} says what each is for.
 *
 * @param interval how often everything is compared
 * @param sweepAgain how long after a node was lost everything is compared once more
 * @param batch how many rows one sweep looks at, at most
 * @param overdue after how long a stage is given up although nothing reported
 * @param restartWindow a gateway that is lost again within it is not restarted
 * @param unbornGrace how old a slot without an instance must be before it is given up
 */
public record CaretakerSettings(
    Duration interval,
    Duration sweepAgain,
    int batch,
    Duration overdue,
    Duration restartWindow,
    Duration unbornGrace) {

  /** Reads {@code chowder.caretaker}. */
  public static CaretakerSettings of(Config root) {
    var config = root.getConfig("chowder.caretaker");
    return new CaretakerSettings(
        config.getDuration("interval"),
        config.getDuration("sweep-again"),
        config.getInt("batch"),
        config.getDuration("overdue"),
        config.getDuration("restart-window"),
        config.getDuration("unborn-grace"));
  }
}
