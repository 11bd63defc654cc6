package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;
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
 * Tests starts while a command of the firewall hangs. The commands are scripts, and there is no
 * engine.
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
            new SandboxFirewall(settings, commands.toString()));
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
