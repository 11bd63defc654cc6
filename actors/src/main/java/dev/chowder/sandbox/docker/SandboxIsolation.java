package dev.chowder.sandbox.docker;

import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that the firewall is in place before a process starts and stays so: something else on
 * the host may flush it. Knows nothing of how rules look.
 */
final class SandboxIsolation implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SandboxIsolation.class);

  private final DockerSandboxSettings settings;
  private final DockerNetwork network;
  private final HostPorts hostPorts;
  private final SandboxFirewall firewall;
  private final Object lock = new Object();
  private long checkedAt;

  /** A change since the last check is not applied yet, because the engine did not answer. */
  private boolean stale;

  private volatile Optional<String> failure = Optional.of("not checked yet");
  private @Nullable Thread keeper;
  private boolean closed;

  SandboxIsolation(DockerSandboxSettings settings, DockerNetwork network, HostPorts hostPorts) {
    this.settings = settings;
    this.network = network;
    this.hostPorts = hostPorts;
    this.firewall = new SandboxFirewall(settings);
  }

  /** Returns why the rules were not in place at the last check; empty if they were. */
  Optional<String> failure() {
    return failure;
  }

  /** Before a process starts: looks unless that was done a moment ago. */
  void ensure() {
    synchronized (lock) {
      boolean fresh =
          !stale
              && failure.isEmpty()
              && System.nanoTime() - checkedAt < settings.isolationCheckEvery().toNanos();
      if (!fresh) {
        apply();
      }
      if (failure.isPresent() && settings.isolationRequired()) {
        throw new SandboxException(
            Reason.REFUSED, "isolation: " + failure.get() + " (expected: required by settings)");
      }
    }
  }

  /**
   * Checks now, after a change.
   *
   * @throws SandboxException if the engine does not answer; it is checked again soon
   */
  void apply() {
    synchronized (lock) {
      keep();
      var bridge = network.ensure();
      hostPorts.forward(bridge.gateway());
      failure = firewall.apply(bridge, hostPorts.wanted());
      checkedAt = System.nanoTime();
      stale = false;
    }
  }

  /** Checks now, after a change; if the engine does not answer, the next check applies it. */
  void applyWhenPossible() {
    synchronized (lock) {
      stale = true;
      try {
        apply();
      } catch (SandboxException unreachable) {
        if (unreachable.reason() == Reason.INTERRUPTED) throw unreachable;
        log.warn("event=firewall-not-checked why={}", unreachable.getMessage());
      }
    }
  }

  private void keep() {
    if (keeper == null && !closed) {
      keeper = Thread.ofVirtual().name("sandbox-isolation").start(this::run);
    }
  }

  private Duration untilNextCheck() {
    synchronized (lock) {
      return stale ? settings.reconnectDelay() : settings.isolationCheckEvery();
    }
  }

  private void run() {
    while (true) {
      try {
        Thread.sleep(untilNextCheck());
        apply();
      } catch (InterruptedException stop) {
        Thread.currentThread().interrupt();
        return;
      } catch (SandboxException unreachable) {
        if (unreachable.reason() == Reason.INTERRUPTED) {
          return;
        }
        log.debug("checking the firewall: {}", unreachable.getMessage());
      }
    }
  }

  /** Takes the rules away: for good, when Chowder leaves this host. */
  void removeAll() {
    synchronized (lock) {
      close();
      firewall.removeAll();
      failure = Optional.of("removed");
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      Thread running = keeper;
      if (running != null) {
        running.interrupt();
      }
    }
  }
}
