package dev.chowder.sandbox.docker;

import com.typesafe.config.ConfigFactory;
import dev.chowder.base.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Scripts in place of {@code iptables} and {@code ip}, which store the rules in a file, or hang,
 * and files in place of the kernel's settings.
 */
final class FirewallCommands {
  static final DockerNetwork.Bridge BRIDGE =
      new DockerNetwork.Bridge("chowder-a", "chwa", "10.87.0.1", "10.87.0.0/16");

  /** The host's setting for all bridges, and that of the one bridge. */
  static final String HOST = "proc/sys/net/bridge/bridge-nf-call-iptables";

  static final String OWN = "sys/class/net/chwa/bridge/nf_call_iptables";

  private static final String RESTORE =
      """
      #!/bin/bash
      cd "${0%/*}" && input="$(cat)" || exit 1
      if [ -s failures ]; then
        sed -i 1d failures
        echo "Another app is currently holding the xtables lock." && exit 4
      fi
      if [ -e without-connlimit ] && [[ "$input" == *connlimit* ]]; then
        echo "RULE_APPEND failed (No such file or directory): rule in chain CHOWDER-a" && exit 4
      fi
      printf '%s\\n' "$input" >rules
      """;

  private static final String IPTABLES =
      """
      #!/bin/bash
      cd "${0%/*}" && shift 2
      if [ "$1" = -S ]; then cat rules jumps 2>/dev/null | grep -e "^-A ${2:+$2 }"; exit 0; fi
      if [ "$1" = -I ]; then shift && echo "-A $*" >>jumps; fi
      # There is never a jump to delete.
      [ "$1" != -D ]
      """;

  private FirewallCommands() {}

  /** Installs commands that work. */
  static void install(Path folder) throws IOException {
    command(folder, "iptables", IPTABLES);
    command(folder, "iptables-restore", RESTORE);
    write(folder.resolve(HOST), "1");
    write(folder.resolve(OWN), "0");
    command(folder, "ip", "#!/bin/bash\necho 1 >${0%/*}/" + OWN + "\n");
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  /** Returns a firewall that uses the commands and kernel settings of this folder. */
  static SandboxFirewall firewall(Path folder, Map<String, Object> overrides) {
    return new SandboxFirewall(settings(overrides), folder.toString(), new BridgedPackets(folder));
  }

  /** Installs a command that never ends. It writes the process id of its child to a file. */
  static void hang(Path folder) throws IOException {
    command(folder, "iptables", "#!/bin/bash\nsleep 1000 &\necho $! >>${0%/*}/hung\nwait\n");
  }

  static void command(Path folder, String name, String script) throws IOException {
    var file = Files.writeString(folder.resolve(name), script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  /** Returns the process ids of the children of all commands that hung. */
  static List<String> hung(Path folder) throws IOException {
    var file = folder.resolve("hung");
    return Files.exists(file) ? Files.readAllLines(file) : List.of();
  }

  static void awaitHung(Path folder) {
    Await.until(() -> !hung(folder).isEmpty());
  }

  /** Waits until the children of all commands that hung have ended. */
  static void awaitEnded(Path folder) {
    Await.until(() -> hung(folder).stream().noneMatch(FirewallCommands::runs));
  }

  private static boolean runs(String pid) {
    try {
      // Nothing may wait for a process that lost its parent. It stays a zombie then.
      return !Files.readString(Path.of("/proc", pid, "stat")).contains(") Z ");
    } catch (IOException ended) {
      return false;
    }
  }

  static DockerSandboxSettings settings(Map<String, Object> overrides) {
    Map<String, Object> all =
        new HashMap<>(Map.of("cluster-id", "a", "docker.host", "unix:///none"));
    all.putAll(overrides);
    return DockerSandboxSettings.from(
        ConfigFactory.parseMap(all)
            .atPath("chowder.sandbox")
            .withFallback(ConfigFactory.load())
            .resolve());
  }
}
