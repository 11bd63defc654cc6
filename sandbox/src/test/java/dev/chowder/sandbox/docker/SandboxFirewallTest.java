package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests the connection limit when {@code iptables-restore} fails, rules that another node wrote,
 * and commands that hang. {@link SandboxIsolationIT} tests the real commands.
 */
@Timeout(60)
class SandboxFirewallTest {
  private static final DockerNetwork.Bridge BRIDGE = FirewallCommands.BRIDGE;

  @TempDir private Path commands;
  private SandboxFirewall firewall;

  @BeforeEach
  void install() throws IOException {
    FirewallCommands.install(commands);
    firewall = FirewallCommands.firewall(commands, Map.of());
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

  /** Otherwise each check would reset the kernel's counts of connections, and so the limit. */
  @Test
  void equalRulesAreNotReplaced() throws IOException {
    assertThat(apply(Set.of(11434))).isEmpty();
    failNext(1);
    assertThat(apply(Set.of(11434))).as("no command that could fail").isEmpty();

    Files.writeString(commands.resolve("failures"), "");
    Files.writeString(commands.resolve("rules"), rules().replace("--dport 11434", "--dport 1"));
    assertThat(apply(Set.of(11434))).isEmpty();
    assertThat(rules()).as("changed by another program").contains("--dport 11434");
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
    var starting = FirewallCommands.firewall(commands, Map.of());
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

  @Test
  void aHungCommandIsKilledWithItsChildrenAndNoOtherIsTried() throws Exception {
    FirewallCommands.hang(commands);
    var impatient = FirewallCommands.firewall(commands, Map.of("docker.firewall-timeout", "1s"));
    assertThat(impatient.apply(BRIDGE, Optional.of(Set.of())))
        .hasValueSatisfying(why -> assertThat(why).contains("did not end within 1000 ms"));
    assertThat(FirewallCommands.hung(commands)).hasSize(1);
    FirewallCommands.awaitEnded(commands);

    FirewallCommands.install(commands);
    assertThat(impatient.apply(BRIDGE, Optional.of(Set.of()))).isEmpty();
  }

  @Test
  void aChildThatHoldsTheOutputDoesNotDelayTheCallerForever() throws Exception {
    FirewallCommands.command(
        commands, "iptables", "#!/bin/bash\nsleep 1000 &\necho $! >>${0%/*}/hung\n");
    var impatient = FirewallCommands.firewall(commands, Map.of("docker.firewall-timeout", "1s"));
    try {
      assertThat(impatient.apply(BRIDGE, Optional.of(Set.of())))
          .hasValueSatisfying(why -> assertThat(why).contains("did not end within 1000 ms"));
    } finally {
      for (var pid : FirewallCommands.hung(commands)) {
        ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
      }
    }
  }

  @Test
  void aHungCommandCanBeInterrupted() throws Exception {
    FirewallCommands.hang(commands);
    var ended = new CompletableFuture<Throwable>();
    var caller =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    var _ = apply(Set.of());
                  } catch (SandboxException interrupted) {
                    ended.complete(interrupted);
                  }
                });
    FirewallCommands.awaitHung(commands);
    caller.interrupt();
    assertThat(ended.get())
        .isInstanceOfSatisfying(
            SandboxException.class, why -> assertThat(why.reason()).isEqualTo(Reason.INTERRUPTED));
    FirewallCommands.awaitEnded(commands);
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
}
