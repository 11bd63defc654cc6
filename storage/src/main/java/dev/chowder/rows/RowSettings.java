package dev.chowder.rows;

import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
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
@Section("chowder.rows")
public record RowSettings(
    int maxPerWrite,
    Duration minAge,
    int maxBatchSize,
    int maxConcurrent,
    @Setting("rebuild-per-second") int perSecond) {}
