package dev.chowder.actor;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.regex.Pattern;

/** Creates and recognizes ids: UUIDs of version 7, which sort by their time of creation. */
public final class Ids {
  private static final TimeBasedEpochGenerator NEXT = Generators.timeBasedEpochGenerator();
  private static final Duration NEW = Duration.ofMinutes(1);
  private static final Pattern FORM =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  private Ids() {}

  public static String next() {
    return NEXT.generate().toString();
  }

  /**
   * Returns whether the id was created within a minute of this time, by the time that it contains.
   */
  public static boolean isNew(String id, Instant now) {
    if (!isId(id)) return false;
    long millis = UUID.fromString(id).getMostSignificantBits() >>> 16;
    return Duration.between(Instant.ofEpochMilli(millis), now).abs().compareTo(NEW) < 0;
  }

  /** Returns whether the text is a UUID in the form of all ids: 36 characters in lower case. */
  public static boolean isId(String text) {
    return FORM.matcher(text).matches();
  }
}
