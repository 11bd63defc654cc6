package dev.chowder.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;

/**
 * A path below a folder of a sandbox's home, name by name; empty: that folder itself. Whatever is
 * one of these leads nowhere else by its text alone; what lies there is for {@link SandboxFiles} to
 * look at.
 */
public record FilePath(List<String> names) {
  /** Bytes of UTF-8 in a whole path. */
  public static final int MAX_BYTES = 4096;

  private static final int MAX_NAME_BYTES = 255;
  private static final int MAX_NAMES = 128;

  /** The folder itself. */
  public static final FilePath ROOT = new FilePath(List.of());

  public FilePath {
    names = List.copyOf(names);
  }

  /**
   * Reads names with slashes between them; {@code .} alone is the folder itself.
   *
   * @throws FileRefused {@code BAD_PATH}, which says what is wrong with it
   */
  public static FilePath parse(String text) {
    if (text.equals(".")) return ROOT;
    if (text.isEmpty()) throw bad("empty", "a name, or names with / between them");
    int bytes = text.getBytes(UTF_8).length;
    if (bytes > MAX_BYTES) throw bad(bytes + " bytes", "at most " + MAX_BYTES);
    if (text.startsWith("/")) throw bad("absolute", "relative to the workspace");
    if (text.codePoints().anyMatch(FilePath::isUnwanted)) {
      throw bad("a control character or a backslash", "neither");
    }
    var names = List.of(text.split("/", -1));
    if (names.size() > MAX_NAMES) throw bad(names.size() + " names", "at most " + MAX_NAMES);
    names.forEach(FilePath::checkName);
    return new FilePath(names);
  }

  private static void checkName(String name) {
    if (name.isEmpty()) throw bad("an empty name", "one slash between two names, none at the end");
    if (name.equals("..")) throw bad("'..'", "a path below the workspace");
    if (name.equals(".")) throw bad("'.' among names", "names alone");
    int bytes = name.getBytes(UTF_8).length;
    if (bytes > MAX_NAME_BYTES) {
      throw bad("a name of " + bytes + " bytes", "at most " + MAX_NAME_BYTES);
    }
  }

  /** What ends a string or a line for some program, turns text around, or is a slash elsewhere. */
  private static boolean isUnwanted(int c) {
    return Character.isISOControl(c)
        || c == '\\'
        || Character.getType(c) == Character.SURROGATE
        || (c >= 0x2028 && c <= 0x202E)
        || (c >= 0x2066 && c <= 0x2069);
  }

  private static FileRefused bad(String got, String expected) {
    return new FileRefused(FileRefused.Reason.BAD_PATH, got + " (expected: " + expected + ")");
  }

  public boolean isRoot() {
    return names.isEmpty();
  }

  /** The last name. */
  public String name() {
    return isRoot() ? "." : names.getLast();
  }

  /** As it is written: {@code .} for the folder itself. */
  @Override
  public String toString() {
    return isRoot() ? "." : String.join("/", names);
  }
}
