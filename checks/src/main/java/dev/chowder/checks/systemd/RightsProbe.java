package dev.chowder.checks.systemd;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.chowder.checks.guest.Expect;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Runs with the user and the restrictions of {@code chowder.service}, as a program that the server
 * starts. Fails if it cannot do what the server needs, or if it can do more.
 */
public final class RightsProbe {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final String CHAIN = "RIGHTS";

  private static final List<String> NOT_WRITABLE =
      List.of(
          "/",
          "/etc",
          "/opt/chowder",
          "/usr",
          "/var",
          "/var/lib",
          "/run",
          "/home",
          "/root",
          "/sys/fs/cgroup");

  private static final List<String> NOT_READABLE =
      List.of(
          "/etc/shadow",
          "/etc/chowder/chowder.env",
          "/run/chowder-envoy/envoy.yaml",
          "/proc/1/environ");

  private RightsProbe() {}

  public static void main(String[] args) {
    Expect.equal(System.getProperty("user.name"), "chowder");
    firewall();
    Expect.contains(
        run("curl", "-sS", "--unix-socket", "/run/docker.sock", "http://docker/version"),
        "ApiVersion");
    for (var folder : NOT_WRITABLE) {
      Expect.that(!canWrite(Path.of(folder, "rights")), "can write " + folder);
    }
    for (var file : NOT_READABLE) Expect.that(!canRead(Path.of(file)), "can read " + file);
    var unshared = Program.of("unshare", "--user", "true").within(LIMIT).attempt();
    Expect.that(!unshared.succeeded(), "can create namespaces");
    Expect.contains(unshared.errors(), "unshare failed");
  }

  /** As {@code SandboxFirewall} sets it. */
  private static void firewall() {
    iptables("-N", CHAIN);
    var rules =
        """
        *filter
        :RIGHTS -
        -A RIGHTS -p tcp -m connlimit --connlimit-above 5 -j REJECT
        COMMIT
        """;
    var _ = Program.of("iptables-restore", "-w", "5", "--noflush").input(rules).within(LIMIT).run();
    iptables("-I", "INPUT", "-j", CHAIN);
    iptables("-D", "INPUT", "-j", CHAIN);
    iptables("-F", CHAIN);
    iptables("-X", CHAIN);
  }

  private static void iptables(String... words) {
    var _ = Program.of("iptables", "-w", "5").and(words).within(LIMIT).run();
  }

  private static String run(String... words) {
    return Program.of(words).within(LIMIT).run().text();
  }

  private static boolean canWrite(Path file) {
    try {
      Files.write(file, "".getBytes(UTF_8));
      return true;
    } catch (IOException rejected) {
      return false;
    }
  }

  private static boolean canRead(Path file) {
    try (var in = Files.newInputStream(file)) {
      return in.read() >= -1;
    } catch (IOException rejected) {
      return false;
    }
  }
}
