package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
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
  private final Supplier<DockerNetwork.Bridge> network;
  private final HostPorts hostPorts;
  private final SandboxFirewall firewall;

  /** Held by a check. Callers wait for it with a limit, because a command of the host may hang. */
  private final ReentrantLock lock = new ReentrantLock();

  /** Counts changes that a check has to apply. */
  private final AtomicInteger changes = new AtomicInteger();

  private volatile Check last =
      new Check(Optional.of("not checked yet"), System.nanoTime(), changes.get());
  private @Nullable Thread keeper;
  private boolean closed;

  /**
   * The end of a check.
   *
   * @param failure why the rules were not in place; empty if they were
   * @param endedAt when it ended, as {@link System#nanoTime()}
   * @param changes number of changes that were applied
   */
  private record Check(Optional<String> failure, long endedAt, int changes) {}

  SandboxIsolation(DockerSandboxSettings settings, DockerNetwork network, HostPorts hostPorts) {
    this(settings, network::ensure, hostPorts, new SandboxFirewall(settings));
  }

  SandboxIsolation(
      DockerSandboxSettings settings,
      Supplier<DockerNetwork.Bridge> network,
      HostPorts hostPorts,
      SandboxFirewall firewall) {
    this.settings = settings;
    this.network = network;
    this.hostPorts = hostPorts;
    this.firewall = firewall;
  }

  /** Returns why the rules were not in place at the last check; empty if they were. */
  Optional<String> failure() {
    return last.failure();
  }

  /**
   * Checks the rules before a process starts, unless the last check is recent.
   *
   * @throws SandboxException {@code REFUSED} if the host does not isolate sandboxes and the
   *     settings require it; {@code TIMED_OUT} if other calls check the rules all the time
   */
  void ensure() {
    Check check = last;
    boolean recent =
        !isStale()
            && check.failure().isEmpty()
            && System.nanoTime() - check.endedAt() < settings.isolationCheckInterval().toNanos();
    if (!recent) check = check(true);
    if (check.failure().isPresent() && settings.isolationRequired()) {
      throw new SandboxException(
          Reason.REFUSED,
          cannot(
              "start a process", "this host does not isolate sandboxes: " + check.failure().get()));
    }
  }

  /**
   * Checks and repairs the rules now, after a change.
   *
   * @throws SandboxException if the engine does not respond, or other calls check the rules all the
   *     time; the check is repeated soon
   */
  void apply() {
    check(false);
  }

  /**
   * Checks and repairs the rules.
   *
   * @param shares whether a check of another call is enough if it ends while this one waits
   */
  private Check check(boolean shares) {
    long began = System.nanoTime();
    awaitLock();
    try {
      if (shares && !isStale() && last.endedAt() - began > 0) return last;
      int applied = changes.get();
      var bridge = network.get();
      hostPorts.forward(bridge.gateway());
      Optional<String> failure = firewall.apply(bridge, hostPorts.required());
      last = new Check(failure, System.nanoTime(), applied);
      return last;
    } finally {
      // After the check, since the keeper repeats one that failed earlier than one that succeeded.
      startKeeper();
      lock.unlock();
    }
  }

  private void awaitLock() {
    Duration limit = settings.firewallTimeout();
    try {
      if (lock.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS)) return;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw DockerErrors.interrupted("check the firewall", stop);
    }
    throw new SandboxException(
        Reason.TIMED_OUT,
        cannot("check the firewall", "other checks still run after " + limit.toMillis() + " ms"));
  }

  /**
   * Returns whether a change is not applied yet, for example because the engine did not respond.
   */
  private boolean isStale() {
    return changes.get() != last.changes();
  }

  /**
   * Checks and repairs the rules now, after a change. If the engine does not respond, the next
   * check applies it.
   */
  void applyWhenPossible() {
    changes.incrementAndGet();
    try {
      apply();
    } catch (SandboxException unreachable) {
      if (unreachable.reason() == Reason.INTERRUPTED) throw unreachable;
      log.warn("event=firewall-not-checked why={}", unreachable.getMessage());
    }
  }

  private synchronized void startKeeper() {
    if (keeper == null && !closed) {
      keeper = Thread.ofVirtual().name("sandbox-isolation").start(this::run);
    }
  }

  private void run() {
    while (true) {
      try {
        Thread.sleep(isStale() ? settings.maxReconnectDelay() : settings.isolationCheckInterval());
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
    close();
    awaitLock();
    try {
      firewall.removeAll();
      last = new Check(Optional.of("removed"), System.nanoTime(), changes.get());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    Thread running = keeper;
    if (running != null) {
      running.interrupt();
    }
  }
}
