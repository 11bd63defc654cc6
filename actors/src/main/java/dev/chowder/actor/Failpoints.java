package dev.chowder.actor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Places where a test can have the process die as by {@code kill -9}. {@code CHOWDER_FAILPOINT}
 * names the one that is armed, or, as {@code @FILE}, a file that names it and may change while the
 * process runs. Unset, as always outside tests, a place costs one comparison.
 */
public final class Failpoints {
  /**
   * The exit code of a process that died at its failpoint, so that a test can tell it from any
   * other death.
   */
  public static final int EXIT_CODE = 97;

  /** The place before something is done. */
  public static final String BEFORE = ".before";

  /** The place after it was done, and before anybody was told. */
  public static final String AFTER = ".after";

  private static final Optional<String> SETTING =
      Optional.ofNullable(System.getenv("CHOWDER_FAILPOINT")).filter(name -> !name.isBlank());

  private Failpoints() {}

  /** Whether this process may die at a failpoint at all. */
  public static boolean inUse() {
    return SETTING.isPresent();
  }

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
