package dev.chowder.base;

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
    return Duration.between(timeOf(id), now).abs().compareTo(NEW) < 0;
  }

  /**
   * Returns the id with this time instead of the time that it contains. An id that is not a UUID is
   * returned unchanged.
   */
  public static String at(Instant time, String id) {
    if (!isId(id)) return id;
    var uuid = UUID.fromString(id);
    long high = (time.toEpochMilli() << 16) | (uuid.getMostSignificantBits() & 0xFFFF);
    return new UUID(high, uuid.getLeastSignificantBits()).toString();
  }

  /** Returns the time that an id contains, to the millisecond. */
  public static Instant timeOf(String id) {
    return Instant.ofEpochMilli(UUID.fromString(id).getMostSignificantBits() >>> 16);
  }

  /** Returns whether the text is a UUID in the form of all ids: 36 characters in lower case. */
  public static boolean isId(String text) {
    return FORM.matcher(text).matches();
  }
}
