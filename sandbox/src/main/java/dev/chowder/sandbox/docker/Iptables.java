package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Runs this host's {@code iptables} commands, directly or through {@code sudo} if it requires no
 * password. Does not know which rules there should be.
 */
record Iptables(List<String> prefix, String name) {
  /** Maximum time in seconds that a command waits for the xtables lock. */
  private static final String LOCK_SECONDS = "5";

  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** Directories of the commands. Not every user's path has those for administrators. */
  static final String SEARCH_PATH = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin";

  /** The result of a command. */
  record Result(int exitCode, String output) {
    boolean ok() {
      return exitCode == 0;
    }
  }

  /**
   * Returns the first usable command that knows the chain, or else the first usable one. An engine
   * that uses the legacy tables has its chains only there.
   *
   * @param names commands to try, in this order
   * @param chain chain of the engine
   * @param searchPath directories, separated as in {@code PATH}
   */
  static Optional<Iptables> find(List<String> names, String chain, String searchPath) {
    Optional<Iptables> usable = Optional.empty();
    for (String name : names) {
      Optional<Iptables> found = usable(name, searchPath);
      if (found.isPresent() && found.get().run("-S", chain).ok()) {
        return found;
      }
      usable = usable.or(() -> found);
    }
    return usable;
  }

  private static Optional<Iptables> usable(String name, String searchPath) {
    if (name.endsWith("legacy") && !legacyTablesExist(name)) {
      // Calling the command would create the tables.
      return Optional.empty();
    }
    return path(name, searchPath)
        .flatMap(
            path ->
                Stream.of(List.<String>of(), List.of("sudo", "-n"))
                    .map(prefix -> new Iptables(prefix, path))
                    .filter(iptables -> iptables.run("-S", "INPUT").ok())
                    .findFirst());
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

  /**
   * Runs the {@code conntrack} command.
   *
   * @param searchPath directories, separated as in {@code PATH}
   * @return empty if the command is missing or this user may not run it
   */
  static Optional<Result> conntrack(String searchPath, String... arguments) {
    return path("conntrack", searchPath)
        .flatMap(
            path ->
                Stream.of(List.<String>of(), List.of("sudo", "-n"))
                    .map(prefix -> new Iptables(prefix, path))
                    .filter(command -> command.execute(List.of(path, "-C"), "").ok())
                    .findFirst()
                    .map(
                        command -> {
                          List<String> whole = new ArrayList<>(List.of(path));
                          whole.addAll(List.of(arguments));
                          return command.execute(whole, "");
                        }));
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

  private Result execute(List<String> command, String input) {
    List<String> whole = new ArrayList<>(prefix);
    whole.addAll(command);
    Process process;
    try {
      process = new ProcessBuilder(whole).redirectErrorStream(true).start();
    } catch (IOException missing) {
      return new Result(127, String.valueOf(missing.getMessage()));
    }
    try (OutputStream stdin = process.getOutputStream()) {
      stdin.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException ended) {
      // The command did not read its input. Its output has the reason.
    }
    try (var output = process.getInputStream()) {
      // The output is small. It is read before the wait, because a full pipe would block the
      // command.
      String printed = new String(output.readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        return new Result(124, "it did not end within " + LIMIT.toSeconds() + " s");
      }
      return new Result(process.exitValue(), printed.strip());
    } catch (IOException broken) {
      return new Result(125, String.valueOf(broken.getMessage()));
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new SandboxException(
          Reason.INTERRUPTED, cannot("change the firewall", "the call was interrupted"), stop);
    } finally {
      process.destroy();
    }
  }
}
