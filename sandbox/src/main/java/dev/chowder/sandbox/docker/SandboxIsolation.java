package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ensures that the firewall rules are in place before a process starts. Checks them regularly,
 * because another program on the host may remove them. Does not know the rules themselves.
 */
final class SandboxIsolation implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SandboxIsolation.class);

  private final DockerSandboxSettings settings;
  private final DockerNetwork network;
  private final HostPorts hostPorts;
  private final SandboxFirewall firewall;
  private final Object lock = new Object();
  private long checkedAt;

  /** A change since the last check is not applied yet, because the engine did not respond. */
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

  /** Checks the rules before a process starts, unless the last check is recent. */
  void ensure() {
    synchronized (lock) {
      boolean fresh =
          !stale
              && failure.isEmpty()
              && System.nanoTime() - checkedAt < settings.isolationCheckInterval().toNanos();
      if (!fresh) {
        apply();
      }
      if (failure.isPresent() && settings.isolationRequired()) {
        throw new SandboxException(
            Reason.REFUSED,
            cannot("start a process", "this host does not isolate sandboxes: " + failure.get()));
      }
    }
  }

  /**
   * Checks and repairs the rules now, after a change.
   *
   * @throws SandboxException if the engine does not respond; the check is repeated soon
   */
  void apply() {
    synchronized (lock) {
      startKeeper();
      var bridge = network.ensure();
      hostPorts.forward(bridge.gateway());
      failure = firewall.apply(bridge, hostPorts.required());
      checkedAt = System.nanoTime();
      stale = false;
    }
  }

  /**
   * Checks and repairs the rules now, after a change. If the engine does not respond, the next
   * check applies it.
   */
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

  private void startKeeper() {
    if (keeper == null && !closed) {
      keeper = Thread.ofVirtual().name("sandbox-isolation").start(this::run);
    }
  }

  private Duration untilNextCheck() {
    synchronized (lock) {
      return stale ? settings.maxReconnectDelay() : settings.isolationCheckInterval();
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

  /** Removes the rules and stops the checks. */
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
