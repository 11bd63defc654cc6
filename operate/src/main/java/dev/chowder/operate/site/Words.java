package dev.chowder.operate.site;

import java.util.regex.Pattern;

/** Words of a shell's command. */
public final class Words {
  private static final Pattern SAFE = Pattern.compile("[\\w@%+=:,./-]+");

  private Words() {}

  /** Returns the text as one word, in quotes if a shell would change it otherwise. */
  public static String quoted(String text) {
    return SAFE.matcher(text).matches() ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
