package dev.chowder.sandbox;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.sandbox.SandboxException.Reason;

/** Validates paths of files in a home directory. They must be relative and must not leave it. */
public final class SandboxPaths {
  private static final int MAX_LENGTH = 1024;

  private static final String RULE =
      "be relative to the home directory, without '.', '..', backslashes or control characters";

  private SandboxPaths() {}

  /**
   * Returns the path unchanged.
   *
   * @throws SandboxException {@code REFUSED} if it is empty, absolute, longer than 1024 characters,
   *     or has an empty, {@code .} or {@code ..} segment, a backslash or a control character
   */
  public static String checked(String path) {
    if (path.isEmpty() || path.length() > MAX_LENGTH) {
      throw refused("have 1 to " + MAX_LENGTH + " characters", path.length());
    }
    for (String segment : path.split("/", -1)) {
      if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
        throw refused(RULE, path);
      }
    }
    if (path.chars().anyMatch(c -> c == '\\' || Character.isISOControl(c))) {
      throw refused(RULE, path);
    }
    return path;
  }

  private static SandboxException refused(String rule, Object got) {
    return new SandboxException(Reason.REFUSED, must("path", rule, got));
  }
}
