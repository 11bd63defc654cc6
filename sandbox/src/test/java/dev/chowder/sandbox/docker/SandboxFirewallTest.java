package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests the connection limit when {@code iptables-restore} fails, and rules that another node
 * wrote. The commands are scripts that store the rules in a file. {@link SandboxIsolationIT} tests
 * the real ones.
 */
@Timeout(60)
class SandboxFirewallTest {
  private static final DockerNetwork.Bridge BRIDGE =
      new DockerNetwork.Bridge("chowder-a", "chwa", "10.87.0.1", "10.87.0.0/16");

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

  @TempDir private Path commands;
  private SandboxFirewall firewall;

  @BeforeEach
  void install() throws IOException {
    command("iptables", IPTABLES);
    command("iptables-restore", RESTORE);
    firewall = new SandboxFirewall(settings(), commands.toString());
  }

  private static DockerSandboxSettings settings() {
    return DockerSandboxSettings.from(
        ConfigFactory.parseMap(Map.of("cluster-id", "a", "docker.host", "unix:///none"))
            .atPath("chowder.sandbox")
            .withFallback(ConfigFactory.load())
            .resolve());
  }

  @Test
  void aTemporaryFailureKeepsTheLimit() throws IOException {
    assertThat(apply(Set.of(11434))).isEmpty();
    assertThat(rules()).contains("connlimit", "--dport 11434");

    failNext(1);
    assertThat(apply(Set.of(1234))).hasValueSatisfying(SandboxFirewallTest::isLocked);
    assertThat(rules()).contains("connlimit", "--dport 11434");

    assertThat(apply(Set.of(1234))).isEmpty();
    assertThat(rules()).contains("connlimit", "--dport 1234");
  }

  @Test
  void aFailureBeforeTheFirstLimitIsRetried() throws IOException {
    failNext(2);
    assertThat(apply(Set.of())).hasValueSatisfying(SandboxFirewallTest::isLocked);
    assertThat(apply(Set.of())).isEmpty();
    assertThat(rules()).contains("connlimit");
  }

  @Test
  void connectionsAreLimitedOnceTheKernelSupportsIt() throws IOException {
    var missing = Files.createFile(commands.resolve("without-connlimit"));
    assertThat(apply(Set.of())).isEmpty();
    assertThat(rules()).contains("-j REJECT").doesNotContain("connlimit");
    assertThat(apply(Set.of())).isEmpty();
    assertThat(rules()).doesNotContain("connlimit");

    Files.delete(missing);
    assertThat(apply(Set.of())).isEmpty();
    assertThat(rules()).contains("connlimit");
  }

  @Test
  void aNodeThatDoesNotKnowThePortsYetKeepsTheOpenOnes() throws IOException {
    assertThat(apply(Set.of(11434))).isEmpty();
    var starting = new SandboxFirewall(settings(), commands.toString());
    assertThat(starting.apply(BRIDGE, Optional.empty())).isEmpty();
    assertThat(rules()).contains("--dport 11434");

    assertThat(starting.apply(BRIDGE, Optional.of(Set.of(1234)))).isEmpty();
    assertThat(rules()).contains("--dport 1234").doesNotContain("--dport 11434");
  }

  @Test
  void aNodeThatDoesNotKnowThePortsYetBlocksAllIfThereAreNoRules() throws IOException {
    assertThat(firewall.apply(BRIDGE, Optional.empty())).isEmpty();
    assertThat(rules()).contains("-A CHOWDER-a-IN -j REJECT");
  }

  private Optional<String> apply(Set<Integer> hostPorts) {
    return firewall.apply(BRIDGE, Optional.of(hostPorts));
  }

  private static void isLocked(String why) {
    assertThat(why).contains("holding the xtables lock");
  }

  private void failNext(int times) throws IOException {
    Files.writeString(commands.resolve("failures"), "once\n".repeat(times));
  }

  private String rules() throws IOException {
    try {
      return Files.readString(commands.resolve("rules"));
    } catch (NoSuchFileException none) {
      return "";
    }
  }

  private void command(String name, String script) throws IOException {
    var file = Files.writeString(commands.resolve(name), script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }
}
