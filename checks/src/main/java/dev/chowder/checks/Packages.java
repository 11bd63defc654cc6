package dev.chowder.checks;

import dev.chowder.program.Program;
import java.time.Duration;

/** Installs Debian packages, by the function that all scripts use. */
public final class Packages {
  private static final Duration LIMIT = Duration.ofMinutes(30);

  private Packages() {}

  /**
   * Installs packages unless a program is there already.
   *
   * @throws dev.chowder.program.ProgramException if it cannot; the message names the packages
   */
  public static void ensure(Project project, String program, String... packages) {
    if (isThere(program)) return;
    var install =
        Program.of("bash", "-c", ". \"$0/common.sh\"; apt_install \"$@\"")
            .and(project.file("scripts/lib").toString())
            .and(packages)
            .within(LIMIT)
            .shown();
    install.run();
  }

  private static boolean isThere(String program) {
    return Program.of("sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; command -v \"$0\"", program)
        .succeeds();
  }
}
