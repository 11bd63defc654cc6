package dev.chowder.checks.cgroup2;

import dev.chowder.checks.guest.Expect;
import dev.chowder.checks.guest.Steps;
import dev.chowder.program.Program;
import java.time.Duration;
import java.util.List;

/**
 * Runs in the virtual machine of {@code Cgroup2Check}. The arguments name the checks: {@code swap}
 * and {@code pageout}.
 */
public final class Cgroup2Guest {
  /** The processor is emulated, and the host can be busy. */
  private static final Duration LIMIT = Duration.ofMinutes(5);

  private Cgroup2Guest() {}

  public static void main(String[] args) throws Exception {
    var steps = Steps.sinceBoot(Cgroup2Guest::context);
    steps.step(
        "the machine has cgroup v2",
        () -> Expect.equal(run("stat", "-f", "-c", "%T", "/sys/fs/cgroup"), "cgroup2fs"));
    for (var check : List.of(args)) {
      switch (check) {
        case "swap" -> new SwapGuest(steps).check();
        case "pageout" -> PageOutGuest.start(steps).check();
        default -> throw new IllegalArgumentException(check);
      }
    }
    steps.end();
  }

  /** Runs a program, and returns what it printed. */
  static String run(String... words) {
    return Program.of(words).within(LIMIT).run().text();
  }

  /** Returns a class of this class path as a process of its own. */
  static Program java(String main) {
    return Program.of(
        System.getProperty("java.home") + "/bin/java",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        System.getProperty("java.class.path"),
        main);
  }

  private static String context() {
    return run("sh", "-c", "dmesg | tail -n 5; cat /proc/swaps");
  }
}
