package dev.chowder.base;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Named points in the code at which a test can end a node as {@code kill -9} does. Each node has
 * its own object of this class, because a test runs several nodes in one process. Outside tests a
 * failpoint costs one comparison.
 */
public final class Failpoints {
  /** The exit code at a failpoint, which distinguishes it from every other end of the process. */
  public static final int EXIT_CODE = 97;

  /** Suffix of a failpoint before an action. */
  public static final String BEFORE = ".before";

  /** Suffix of a failpoint after an action and before its result is sent. */
  public static final String AFTER = ".after";

  /** Failpoints that no test uses. */
  public static final Failpoints NONE = new Failpoints(Optional.empty());

  private final Optional<Consumer<String>> onHit;

  private Failpoints(Optional<Consumer<String>> onHit) {
    this.onHit = onHit;
  }

  /**
   * Returns the failpoints of a node that is alone in its process. The armed failpoint halts the
   * process. {@code CHOWDER_FAILPOINT} is the name of that failpoint, or {@code @FILE} for a file
   * that contains the name. The file may change while the process runs.
   */
  public static Failpoints ofProcess() {
    var setting = System.getenv("CHOWDER_FAILPOINT");
    if (setting == null || setting.isBlank()) return NONE;
    return of(
        name -> {
          if (armed(setting).equals(name)) Runtime.getRuntime().halt(EXIT_CODE);
        });
  }

  /**
   * Returns the failpoints of a node that runs in the process of a test.
   *
   * @param onHit receives the name of each failpoint that a thread of the node reaches
   */
  public static Failpoints of(Consumer<String> onHit) {
    return new Failpoints(Optional.of(onHit));
  }

  /** Returns whether the node may end at a failpoint. */
  public boolean inUse() {
    return onHit.isPresent();
  }

  /** Ends the node if this failpoint is armed. */
  public void hit(String name) {
    if (onHit.isPresent()) onHit.get().accept(name);
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
