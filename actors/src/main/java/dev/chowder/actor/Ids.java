package dev.chowder.actor;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
import java.util.regex.Pattern;

/** Creates and recognizes ids: UUIDs of version 7, which sort by their time of creation. */
public final class Ids {
  private static final TimeBasedEpochGenerator NEXT = Generators.timeBasedEpochGenerator();
  private static final Pattern FORM =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  private Ids() {}

  public static String next() {
    return NEXT.generate().toString();
  }

  /** Returns whether the text is a UUID in the form of all ids: 36 characters in lower case. */
  public static boolean isId(String text) {
    return FORM.matcher(text).matches();
  }
}
