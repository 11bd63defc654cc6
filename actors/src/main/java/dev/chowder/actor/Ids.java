package dev.chowder.actor;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
import java.util.regex.Pattern;

/** Makes and recognises ids: UUIDs of version 7, which sort by the time of their making. */
public final class Ids {
  private static final TimeBasedEpochGenerator NEXT = Generators.timeBasedEpochGenerator();
  private static final Pattern FORM =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  private Ids() {}

  public static String next() {
    return NEXT.generate().toString();
  }

  /** Whether the text has the one form that ids are written in: 36 characters, lower case. */
  public static boolean isId(String text) {
    return FORM.matcher(text).matches();
  }
}
