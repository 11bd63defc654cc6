package dev.chowder.sandbox.docker;

import dev.chowder.sandbox.docker.TimedPrograms.Result;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Runs this host's {@code iptables} commands, directly or through {@code sudo} if it requires no
 * password. Does not know which rules there should be.
 */
record Iptables(TimedPrograms programs, List<String> prefix, String name) {
  /** Maximum time in seconds that a command waits for the xtables lock. */
  private static final String LOCK_SECONDS = "5";

  /** Directories of the commands. Not every user's path has those for administrators. */
  static final String SEARCH_PATH = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin";

  /**
   * Returns the first usable command that knows the chain, or else the first usable one. An engine
   * that uses the legacy tables has its chains only there.
   *
   * @param programs runs the commands
   * @param names commands to try, in this order
   * @param chain chain of the engine
   * @param searchPath directories, separated as in {@code PATH}
   */
  static Optional<Iptables> find(
      TimedPrograms programs, List<String> names, String chain, String searchPath) {
    Optional<Iptables> usable = Optional.empty();
    for (String name : names) {
      Optional<Iptables> found = usable(programs, name, searchPath);
      if (found.isPresent() && found.get().run("-S", chain).ok()) {
        return found;
      }
      usable = usable.or(() -> found);
    }
    return usable;
  }

  private static Optional<Iptables> usable(TimedPrograms programs, String name, String searchPath) {
    if (name.endsWith("legacy") && !legacyTablesExist(name)) {
      // Calling the command would create the tables.
      return Optional.empty();
    }
    return path(name, searchPath)
        .flatMap(
            path ->
                prefixes(programs)
                    .map(prefix -> new Iptables(programs, prefix, path))
                    .filter(iptables -> iptables.run("-S", "INPUT").ok())
                    .findFirst());
  }

  /**
   * Returns the words before a command. This user cannot kill a program of root, so {@code timeout}
   * does, unless sudo permits only the commands themselves.
   */
  private static Stream<List<String>> prefixes(TimedPrograms programs) {
    String seconds = Long.toString(programs.limit().toSeconds() + 1);
    return Stream.of(
        List.of(), List.of("sudo", "-n", "timeout", "-s", "KILL", seconds), List.of("sudo", "-n"));
  }

  private static boolean legacyTablesExist(String name) {
    Path tables =
        Path.of("/proc/net", name.startsWith("ip6") ? "ip6_tables_names" : "ip_tables_names");
    try {
      return Files.readAllLines(tables).contains("filter");
    } catch (IOException unreadable) {
      return false;
    }
  }

  private static Optional<String> path(String name, String searchPath) {
    return Stream.of(searchPath.split(":", -1))
        .filter(directory -> !directory.isEmpty())
        .map(directory -> new File(directory, name))
        .filter(File::canExecute)
        .map(File::getPath)
        .findFirst();
  }

  Result run(String... arguments) {
    List<String> command = new ArrayList<>(List.of(name, "-w", LOCK_SECONDS));
    command.addAll(List.of(arguments));
    return execute(command, "");
  }

  /** Atomically replaces the chains that the input declares. Other chains stay. */
  Result restore(String input) {
    return execute(List.of(name + "-restore", "-w", LOCK_SECONDS, "--noflush"), input);
  }

  /**
   * Runs another command of this host with the same rights.
   *
   * @param searchPath directories, separated as in {@code PATH}
   * @return empty if the command is missing
   */
  Optional<Result> other(String command, String searchPath, String... arguments) {
    return path(command, searchPath)
        .map(path -> execute(Stream.concat(Stream.of(path), Stream.of(arguments)).toList(), ""));
  }

  private Result execute(List<String> command, String input) {
    List<String> whole = new ArrayList<>(prefix);
    whole.addAll(command);
    return programs.run(whole, input);
  }
}
