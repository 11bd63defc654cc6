package dev.chowder.sandbox;

import static dev.chowder.base.ErrorText.rule;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;

/**
 * A path below a folder of a sandbox's home directory, as a list of names; empty for the folder
 * itself. A valid path does not leave the folder by its text alone. {@link HomeFolder} checks for
 * symbolic links.
 */
public record FilePath(List<String> names) {
  /** Maximum length of a path in bytes of UTF-8. */
  public static final int MAX_BYTES = 4096;

  private static final int MAX_NAME_BYTES = 255;
  private static final int MAX_NAMES = 128;

  /** The folder itself. */
  public static final FilePath ROOT = new FilePath(List.of());

  public FilePath {
    names = List.copyOf(names);
  }

  /**
   * Parses names separated by slashes; {@code .} alone is the folder itself.
   *
   * @throws FileRefused {@code BAD_PATH} with the rule that the path breaks
   */
  public static FilePath parse(String text) {
    if (text.equals(".")) return ROOT;
    if (text.isEmpty()) throw bad(rule("be a name, or names separated by /", text));
    int bytes = text.getBytes(UTF_8).length;
    if (bytes > MAX_BYTES) throw bad(rule("have at most " + MAX_BYTES + " bytes", bytes));
    if (text.startsWith("/")) throw bad(rule("be relative to the workspace"));
    if (text.codePoints().anyMatch(FilePath::isUnwanted)) {
      throw bad(rule("contain neither control characters nor backslashes"));
    }
    var names = List.of(text.split("/", -1));
    if (names.size() > MAX_NAMES)
      throw bad(rule("have at most " + MAX_NAMES + " names", names.size()));
    names.forEach(FilePath::checkName);
    return new FilePath(names);
  }

  private static void checkName(String name) {
    if (name.isEmpty()) throw bad(rule("have one / between two names and none at the end"));
    if (name.equals("..")) throw bad(rule("stay below the workspace, without the name '..'"));
    if (name.equals(".")) throw bad(rule("not contain '.' beside other names"));
    int bytes = name.getBytes(UTF_8).length;
    if (bytes > MAX_NAME_BYTES) {
      throw bad(rule("have names of at most " + MAX_NAME_BYTES + " bytes", bytes));
    }
  }

  /**
   * Returns whether a character could end a string or a line in another program, reverse the
   * direction of text, or separate names on another system.
   */
  private static boolean isUnwanted(int c) {
    return Character.isISOControl(c)
        || c == '\\'
        || Character.getType(c) == Character.SURROGATE
        || (c >= 0x2028 && c <= 0x202E)
        || (c >= 0x2066 && c <= 0x2069);
  }

  private static FileRefused bad(String rule) {
    return new FileRefused(FileRefused.Reason.BAD_PATH, rule);
  }

  public boolean isRoot() {
    return names.isEmpty();
  }

  /** Returns the last name. */
  public String name() {
    return isRoot() ? "." : names.getLast();
  }

  /** Returns the path with slashes; {@code .} for the folder itself. */
  @Override
  public String toString() {
    return isRoot() ? "." : String.join("/", names);
  }
}
