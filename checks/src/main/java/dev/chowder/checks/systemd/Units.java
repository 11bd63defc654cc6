package dev.chowder.checks.systemd;

import dev.chowder.checks.guest.Expect;
import dev.chowder.checks.guest.Steps;
import dev.chowder.checks.guest.Wait;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Queries and calls systemd in the virtual machine. */
final class Units {
  static final String SERVER = "chowder";
  static final String ENVOY = "chowder-envoy";

  /** The processor is emulated, and the host can be busy. */
  static final Duration START_LIMIT = Duration.ofSeconds(500);

  private static final Duration PROGRAM_LIMIT = Duration.ofMinutes(4);
  private static final int CONTEXT_LINES = 40;

  private Units() {}

  /** Runs a program, and returns what it printed. */
  static String run(String... words) {
    return Program.of(words).within(PROGRAM_LIMIT).run().text();
  }

  /** Runs commands of the page that are in a file. */
  static void runPage(String file) {
    var _ = Program.of("bash", "-e", file).within(START_LIMIT).run();
  }

  static String journal(String unit) {
    return run("journalctl", "-q", "--no-pager", "-o", "cat", "-u", unit);
  }

  /** Returns the ends of the journals of all units, for the message of a failure. */
  static String context() {
    return Program.of("journalctl", "-q", "--no-pager", "-n", String.valueOf(CONTEXT_LINES))
        .and("-u", SERVER, "-u", ENVOY)
        .within(PROGRAM_LIMIT)
        .attempt()
        .output();
  }

  static void awaitActive(String unit) throws Exception {
    Wait.until(
        START_LIMIT,
        unit + " is active",
        () ->
            Program.of("systemctl", "is-active", unit)
                .within(PROGRAM_LIMIT)
                .attempt()
                .text()
                .equals("active"));
  }

  /** Returns how often systemd restarted the server and Envoy. */
  static List<Integer> restarts() {
    return List.of(restarts(SERVER), restarts(ENVOY));
  }

  private static int restarts(String unit) {
    return Integer.parseInt(property(unit, "NRestarts"));
  }

  static String property(String unit, String name) {
    return run("systemctl", "show", "-P", name, unit);
  }

  static long serverPid() {
    return Long.parseLong(property(SERVER, "MainPID"));
  }

  /** Returns the target of a link of the server's process, such as {@code cwd}. */
  static String serverLink(String name) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc", String.valueOf(serverPid()), name)).toString();
  }

  /** Returns the paths of all files that the server has open. */
  static List<String> serverFiles() throws IOException {
    var open = new ArrayList<String>();
    try (var links = Files.list(Path.of("/proc", String.valueOf(serverPid()), "fd"))) {
      for (var link : links.toList()) {
        // A file may be closed meanwhile.
        if (Files.isSymbolicLink(link)) open.add(Files.readSymbolicLink(link).toString());
      }
    }
    return open;
  }

  /** Returns how often a server of this boot loaded its AOT cache. */
  static long loadedCaches() {
    return journal(SERVER).lines().filter(line -> line.contains("AOT cache: loaded")).count();
  }

  /**
   * Requires that the exposure of a unit is low.
   *
   * @param tenths the limit: 10 times the exposure that systemd prints
   */
  static void expectExposure(Steps steps, String unit, int tenths) {
    var result =
        Program.of("systemd-analyze", "security", "--no-pager", "--threshold=" + tenths, unit)
            .within(PROGRAM_LIMIT)
            .attempt();
    steps.note(result.lastLine());
    Expect.that(result.succeeded(), result.lastLine());
    Expect.contains(result.output(), "exposure level");
  }

  /** Requires that the files exist, and that a user cannot read them. */
  static void expectPrivate(String user, String... files) {
    for (var file : files) {
      Expect.that(Files.exists(Path.of(file)), "there is no " + file);
      int exit = Program.of("runuser", "-u", user, "--", "test", "-r", file).attempt().exit();
      Expect.that(exit == 1, "%s can read %s: exit code %d".formatted(user, file, exit));
    }
  }
}
