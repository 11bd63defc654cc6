package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.base.Await;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests starts while a command of the firewall hangs, or while the host does not filter bridges.
 * The commands are scripts, and there is no engine.
 */
@Timeout(60)
class SandboxIsolationTest {
  @TempDir private Path commands;
  private SandboxIsolation isolation;

  @BeforeEach
  void install() throws IOException {
    FirewallCommands.install(commands);
    var settings =
        FirewallCommands.settings(
            Map.of("docker.firewall-timeout", "2s", "docker.isolation-required", true));
    var hostPorts = new HostPorts(settings);
    hostPorts.setRequired(Set.of());
    isolation =
        new SandboxIsolation(
            settings,
            () -> FirewallCommands.BRIDGE,
            hostPorts,
            new SandboxFirewall(settings, commands.toString(), new BridgedPackets(commands)));
  }

  @AfterEach
  void close() {
    isolation.close();
  }

  @Test
  void startsThatWaitForAHungCheckEndWithIt() throws Exception {
    FirewallCommands.hang(commands);
    var first = start();
    FirewallCommands.awaitHung(commands);
    var second = start();
    var third = start();
    assertThat(first.get().reason()).isEqualTo(Reason.REFUSED);
    assertThat(second.get()).hasMessageContaining("did not end within 2000 ms");
    assertThat(third.get()).hasMessageContaining("did not end within 2000 ms");
    assertThat(FirewallCommands.hung(commands)).as("checks").hasSize(1);
  }

  @Test
  void aStartWithARecentCheckDoesNotWaitForAHungOne() throws Exception {
    isolation.ensure();
    FirewallCommands.hang(commands);
    var hung = CompletableFuture.runAsync(isolation::apply);
    FirewallCommands.awaitHung(commands);
    isolation.ensure();
    assertThat(hung.isDone()).isFalse();
    hung.join();
    assertThat(isolation.failure()).isPresent();
  }

  @Test
  void aStartIsRefusedIfPacketsBetweenSandboxesAreNotFiltered() throws Exception {
    Files.writeString(commands.resolve(FirewallCommands.HOST), "0");
    FirewallCommands.command(commands, "ip", "#!/bin/sh\necho Operation not permitted\nexit 2\n");
    assertThatThrownBy(isolation::ensure)
        .isInstanceOfSatisfying(
            SandboxException.class, why -> assertThat(why.reason()).isEqualTo(Reason.REFUSED))
        .hasMessageContaining("bridge-nf-call-iptables is 0")
        .hasMessageContaining("Operation not permitted");
    assertThat(isolation.failure()).isPresent();

    Files.writeString(commands.resolve(FirewallCommands.HOST), "1");
    isolation.ensure();
    assertThat(isolation.failure()).isEmpty();
  }

  @Test
  void aStartIsRefusedWithoutTheModuleThatFiltersBridges() throws Exception {
    Files.delete(commands.resolve(FirewallCommands.HOST));
    assertThatThrownBy(isolation::ensure).hasMessageContaining("br_netfilter is not loaded");
  }

  @Test
  void theBridgeIsFilteredWhateverTheHostsSettingIs() throws Exception {
    isolation.ensure();
    assertThat(commands.resolve(FirewallCommands.OWN)).hasContent("1");
    Files.writeString(commands.resolve(FirewallCommands.HOST), "0");
    Files.writeString(commands.resolve(FirewallCommands.OWN), "0");
    isolation.apply();
    assertThat(isolation.failure()).isEmpty();
    assertThat(commands.resolve(FirewallCommands.OWN)).hasContent("1");
    assertThat(commands.resolve(FirewallCommands.HOST)).hasContent("0");
  }

  /** Starts a process on another thread. Completes with the reason why it could not start. */
  private CompletableFuture<SandboxException> start() {
    var ended = new CompletableFuture<SandboxException>();
    var thread =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    isolation.ensure();
                    ended.completeExceptionally(new AssertionError("it started"));
                  } catch (SandboxException refused) {
                    ended.complete(refused);
                  }
                });
    Await.until(() -> ended.isDone() || thread.getState() == Thread.State.TIMED_WAITING);
    return ended;
  }
}
