package dev.chowder.program;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Installs Debian packages by the function of {@code common.sh} that the scripts use, one
 * installation at a time.
 *
 * @param library the folder {@code scripts/lib}
 */
public record DebianPackages(Path library) {
  private static final Duration LIMIT = Duration.ofMinutes(30);

  /**
   * Installs packages unless a program is there already.
   *
   * @param program looked up in the folders of {@code PATH} and of administrators
   * @throws ProgramException if they cannot be installed
   */
  public void ensure(String program, String... packages) {
    if (!has(program)) install(packages);
  }

  /**
   * Installs packages. Does nothing if they are there.
   *
   * @throws ProgramException if they cannot be installed, for example without root
   */
  public void install(String... packages) {
    var install =
        Program.of("bash", "-c", ". \"$0/common.sh\"; apt_install \"$@\"")
            .and(library.toString())
            .and(packages)
            .within(LIMIT)
            .shown();
    if (install.attempt().succeeded()) return;
    throw new ProgramException(
        "cannot install %s: see the message above; install them and run this again"
            .formatted(String.join(", ", packages)),
        null);
  }

  /** Returns whether a program is in the folders of {@code PATH} or of administrators. */
  public static boolean has(String program) {
    return Program.of("sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; command -v \"$0\"", program)
        .succeeds();
  }
}
