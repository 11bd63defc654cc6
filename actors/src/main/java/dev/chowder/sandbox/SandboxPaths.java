package dev.chowder.sandbox;

import dev.chowder.sandbox.SandboxException.Reason;

/** Which paths name a file in a home directory: relative, plain, and never out of it. */
public final class SandboxPaths {
  private static final int MAX_LENGTH = 1024;

  private SandboxPaths() {}

  /**
   * Returns the path as it is.
   *
   * @throws SandboxException {@code REFUSED} when it is empty, absolute, longer than 1024
   *     characters, or has an empty, {@code .} or {@code ..} segment, a backslash or a control
   *     character
   */
  public static String checked(String path) {
    if (path.isEmpty() || path.length() > MAX_LENGTH) {
      throw refused(path.isEmpty() ? "(empty)" : path.length() + " characters");
    }
    for (String segment : path.split("/", -1)) {
      if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
        throw refused(path);
      }
    }
    if (path.chars().anyMatch(c -> c == '\\' || Character.isISOControl(c))) {
      throw refused(path);
    }
    return path;
  }

  private static SandboxException refused(String got) {
    return new SandboxException(
        Reason.REFUSED,
        "path: "
            + got.replaceAll("\\p{Cntrl}", "?")
            + " (expected: relative to the home directory, without '.' or '..')");
  }
}
