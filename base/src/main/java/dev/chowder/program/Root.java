package dev.chowder.program;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Runs programs as root: directly, or by sudo if it asks for no password.
 *
 * @param prefix the words before a program; empty if this process is root
 */
public record Root(List<String> prefix) {
  public Root {
    prefix = List.copyOf(prefix);
  }

  /** Returns how to run programs as root; empty if this user may not. */
  public static Optional<Root> find() {
    if (isThisProcess()) return Optional.of(new Root(List.of()));
    return Program.of("sudo", "-n", "true").succeeds()
        ? Optional.of(new Root(List.of("sudo", "-n")))
        : Optional.empty();
  }

  /** Returns whether this process is root. */
  public static boolean isThisProcess() {
    return Program.of("id", "-u").run().text().equals("0");
  }

  /**
   * Returns a program that runs as root, with the folders of administrators in its {@code PATH}.
   * sudo removes variables, so those that were added to the program are arguments: they must not be
   * secrets.
   */
  public Program run(Program program) {
    var words = new ArrayList<>(prefix);
    words.add("env");
    words.add("PATH=" + System.getenv().getOrDefault("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin");
    program.added().forEach((name, value) -> words.add(name + "=" + value));
    words.addAll(program.words());
    return new Program(
        words,
        program.folder(),
        program.added(),
        program.removed(),
        program.input(),
        program.limit(),
        program.shows());
  }

  /** Returns a program that runs as root. */
  public Program run(String... words) {
    return run(Program.of(words));
  }
}
