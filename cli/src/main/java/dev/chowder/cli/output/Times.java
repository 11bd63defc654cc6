package dev.chowder.cli.output;

import com.google.protobuf.Timestamp;
import java.time.DateTimeException;
import java.time.Instant;

/** Times of the API for people. */
public final class Times {
  private Times() {}

  /** Returns a time in UTC with seconds. */
  public static String text(Timestamp timestamp) {
    return instant(timestamp.getSeconds(), 0).toString();
  }

  public static Instant instant(Timestamp timestamp) {
    return instant(timestamp.getSeconds(), timestamp.getNanos());
  }

  /** The server may send any number. */
  private static Instant instant(long seconds, int nanos) {
    try {
      return Instant.ofEpochSecond(seconds, nanos);
    } catch (DateTimeException outOfRange) {
      return Instant.EPOCH;
    }
  }
}
