package dev.chowder.base;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Points in the code where a test can end the process as {@code kill -9} does. {@code
 * CHOWDER_FAILPOINT} is the name of the armed failpoint, or {@code @FILE}. Such a file contains the
 * name and may change while the process runs. If the variable is unset, as it is outside tests, a
 * failpoint costs one comparison.
 */
public final class Failpoints {
  /** The exit code at a failpoint, which distinguishes it from every other end of the process. */
  public static final int EXIT_CODE = 97;

  /** Suffix of a failpoint before an action. */
  public static final String BEFORE = ".before";

  /** Suffix of a failpoint after an action and before its result is sent. */
  public static final String AFTER = ".after";

  private static final Optional<String> SETTING =
      Optional.ofNullable(System.getenv("CHOWDER_FAILPOINT")).filter(name -> !name.isBlank());

  private Failpoints() {}

  /** Returns whether this process may end at a failpoint. */
  public static boolean inUse() {
    return SETTING.isPresent();
  }

  /** Ends the process if this failpoint is armed. */
  public static void hit(String name) {
    if (SETTING.isPresent() && armed(SETTING.get()).equals(name)) {
      Runtime.getRuntime().halt(EXIT_CODE);
    }
  }

  private static String armed(String setting) {
    if (!setting.startsWith("@")) return setting;
    try {
      return Files.readString(Path.of(setting.substring(1))).strip();
    } catch (NoSuchFileException disarmed) {
      return "";
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }
}
