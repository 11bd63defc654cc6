package dev.chowder.rows;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;

/**
 * Limits for writing and repairing rows; {@code reference.conf} documents each.
 *
 * @param maxPerWrite maximum number of rows in one transaction
 * @param minAge minimum age of an event before its row is checked
 * @param maxBatchSize number of ids in one query
 * @param maxConcurrent maximum number of concurrent requests to entities
 * @param perSecond maximum number of requests of a rebuild per second
 */
public record RowSettings(
    int maxPerWrite,
    Duration minAge,
    int maxBatchSize,
    int maxConcurrent,
    @Setting("rebuild-per-second") int perSecond) {

  /** Reads {@code chowder.rows}. */
  public static RowSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.rows", RowSettings.class);
  }
}
