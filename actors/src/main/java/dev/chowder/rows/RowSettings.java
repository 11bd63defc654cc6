package dev.chowder.rows;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Limits of what keeps read rows true; {@code reference.conf} says what each is for.
 *
 * @param perWrite how many share a transaction
 * @param settle how old a change must be before its row is looked for
 * @param batch how many ids are read at once
 * @param concurrent how many entities are asked at once
 * @param perSecond how many a rebuild asks in a second
 */
public record RowSettings(int perWrite, Duration settle, int batch, int concurrent, int perSecond) {

  /** Reads {@code chowder.rows}. */
  public static RowSettings of(Config root) {
    var config = root.getConfig("chowder.rows");
    return new RowSettings(
        config.getInt("per-write"),
        config.getDuration("settle"),
        config.getInt("batch"),
        config.getInt("concurrent"),
        config.getInt("rebuild-per-second"));
  }
}
