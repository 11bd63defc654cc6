package dev.chowder.sleep;

import static java.util.Objects.requireNonNull;

import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.GatewayDatabases.Finding;
import dev.chowder.openclaw.GatewaySuspension;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sleep.SleepFailures.Failure;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks some seconds after a thaw whether a gateway can use its databases, and ends it if two
 * checks find that it cannot. Its instance then boots it. A single finding may be the work of a
 * process that held a lock for some seconds. Gateways that this node has not checked when it stops
 * stay unchecked.
 */
public final class ChecksAfterStart {
  private static final Logger LOG = LoggerFactory.getLogger(ChecksAfterStart.class);

  /**
   * Maximum number of checks without a result. A gateway that applies a change restarts, which
   * takes up to 40 s on a loaded machine.
   */
  private static final int MAX_UNKNOWN = 6;

  private record GatewayProcess(InstanceId id, int boot) {}

  private final SandboxEngine engine;
  private final GatewaySuspension suspension;
  private final SleepSettings settings;
  private final Duration drain;
  private final SleepFailures failures;
  private final Semaphore permits;

  /** The attempt of the last start of each process that is being checked. */
  private final Map<GatewayProcess, Integer> attempts = new ConcurrentHashMap<>();

  public ChecksAfterStart(
      SandboxEngine engine,
      GatewaySuspension suspension,
      SleepSettings settings,
      Duration drain,
      SleepFailures failures) {
    this.engine = engine;
    this.suspension = suspension;
    this.settings = settings;
    this.drain = drain;
    this.failures = failures;
    this.permits = new Semaphore(settings.maxConcurrentWakes());
  }

  /**
   * Begins the checks of a gateway that was thawed. During its checks, a repeated call for the same
   * start does nothing, and a call for another start begins them again.
   *
   * @param boot the attempt that booted the gateway
   * @param attempt the attempt that thawed it
   */
  public void begin(InstanceId id, int boot, int attempt) {
    var process = new GatewayProcess(id, boot);
    if (attempts.put(process, attempt) != null) return;
    var _ = Thread.ofVirtual().name("database-check").start(() -> run(process));
  }

  /** Returns whether some gateway is being checked. */
  public boolean isBusy() {
    return !attempts.isEmpty();
  }

  private void run(GatewayProcess process) {
    try {
      int attempt;
      do {
        attempt = attempt(process);
        check(process, attempt);
        // Another start of this process may have begun meanwhile.
      } while (!attempts.remove(process, attempt));
    } catch (InterruptedException stopped) {
      attempts.remove(process);
      Thread.currentThread().interrupt();
    } catch (Error why) {
      attempts.remove(process);
      throw why;
    }
  }

  private int attempt(GatewayProcess process) {
    return requireNonNull(attempts.get(process));
  }

  private void check(GatewayProcess process, int attempt) throws InterruptedException {
    boolean unusable = false;
    int unknown = 0;
    String why = "";
    while (unknown < MAX_UNKNOWN) {
      Thread.sleep(settings.checkDelay());
      if (attempt(process) != attempt) return;
      permits.acquire();
      try {
        var gateway = endpoint(process);
        if (gateway.isEmpty()) return;
        switch (find(process.id(), gateway.get())) {
          case USABLE -> {
            return;
          }
          case UNUSABLE -> {
            if (unusable) {
              end(process, attempt);
              return;
            }
            unusable = true;
          }
          case UNKNOWN -> {
            unknown++;
            why = "the gateway gave no result";
          }
        }
      } catch (RuntimeException failed) {
        LOG.debug("instance={} event=check-failed", process.id(), failed);
        unknown++;
        why = String.valueOf(failed.getMessage());
      } finally {
        permits.release();
      }
    }
    failures.count(Failure.DATABASE_CHECK_UNKNOWN);
    LOG.warn("instance={} event=not-checked unusable={} why={}", process.id(), unusable, why);
  }

  private Finding find(InstanceId id, SandboxEndpoint gateway) throws InterruptedException {
    long deadline = System.nanoTime() + settings.wakeTimeout().toNanos();
    return suspension.databases(id.value(), gateway, deadline);
  }

  private void end(GatewayProcess process, int attempt) {
    // It may have been stopped during the check.
    if (endpoint(process).isEmpty()) return;
    failures.count(Failure.DATABASE_CHECK_UNUSABLE);
    LOG.warn("instance={} event=ended: the gateway cannot use its databases", process.id());
    var _ = engine.stop(SandboxId.ofInstance(process.id().value()), attempt, drain);
  }

  /** Returns the address of the gateway if this process runs. */
  private Optional<SandboxEndpoint> endpoint(GatewayProcess process) {
    var now = engine.observe(SandboxId.ofInstance(process.id().value())).mainProcess();
    return now instanceof MainProcess.Up(var boot, var endpoint) && boot == process.boot()
        ? Optional.of(endpoint)
        : Optional.empty();
  }
}
