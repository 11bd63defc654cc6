package dev.chowder.openclaw;

import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxId;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/**
 * Waits until a gateway is ready, by polling it. Ends early if its process has ended or does
 * nothing.
 */
public final class GatewayReadiness {
  /** The minimum time between two requests. */
  private static final Duration MIN_PAUSE = Duration.ofMillis(25);

  /**
   * A pause is this fraction of the time waited so far. Each request takes about a millisecond of
   * the processor time that the boot itself needs. A boot of 10 s is noticed 50 ms late on average.
   */
  private static final int PAUSE_PART = 100;

  private static final Duration CHECK_EVERY = Duration.ofSeconds(1);
  private static final int RESPONSE_MILLIS = 2_000;

  /**
   * Processor time that shows that a gateway works. One that boots uses seconds of it, also on a
   * busy host, and a Node.js process that waits for a file or a peer uses none.
   */
  private static final Duration WORK = Duration.ofMillis(50);

  /** The result of waiting for a gateway. */
  public enum Verdict {
    /** The gateway is ready. */
    READY,
    /** The process ended before it was ready. */
    DIED,
    /** The gateway was not ready within the limit. */
    NOT_IN_TIME,
    /** The process used no processor for a while, so that more time would not help. */
    IDLE
  }

  /**
   * Limits of a boot.
   *
   * @param ready maximum time until the gateway is ready
   * @param idle maximum time without processor time
   */
  public record Limits(Duration ready, Duration idle) {}

  /** The process of a gateway that boots. Each method is called about once a second. */
  public interface Booting {
    /**
     * Returns the gateway's current address, since an engine that restarts may assign another port;
     * empty if the process has ended.
     */
    Optional<SandboxEndpoint> endpoint();

    /** Returns the processor time that it has used; empty if that is unknown. */
    Optional<Duration> processorTime();

    /** Returns the main process of a sandbox. */
    static Booting of(SandboxEngine engine, SandboxId sandbox) {
      return new Booting() {
        @Override
        public Optional<SandboxEndpoint> endpoint() {
          return engine.observe(sandbox).endpoint();
        }

        @Override
        public Optional<Duration> processorTime() {
          return engine.processorTime(sandbox);
        }
      };
    }
  }

  /** Waits until the gateway reports that it is ready. */
  public Verdict awaitReady(SandboxEndpoint gateway, Limits limits, Booting process)
      throws InterruptedException {
    var at = gateway;
    long begun = System.nanoTime();
    long checked = begun;
    var used = process.processorTime();
    long worked = begun;
    while (true) {
      if (isReady(at)) return Verdict.READY;
      long now = System.nanoTime();
      if (now - checked >= CHECK_EVERY.toNanos()) {
        var observed = process.endpoint();
        if (observed.isEmpty()) return Verdict.DIED;
        at = observed.get();
        checked = now;
        var uses = process.processorTime();
        if (works(used, uses)) {
          used = uses;
          worked = now;
        } else if (now - worked >= limits.idle().toNanos()) {
          return Verdict.IDLE;
        }
      }
      var waited = Duration.ofNanos(now - begun);
      if (waited.compareTo(limits.ready()) > 0) return Verdict.NOT_IN_TIME;
      var pause = waited.dividedBy(PAUSE_PART);
      Thread.sleep(pause.compareTo(MIN_PAUSE) > 0 ? pause : MIN_PAUSE);
    }
  }

  /** Returns whether the process worked between two readings, or a reading is missing. */
  private static boolean works(Optional<Duration> before, Optional<Duration> after) {
    if (before.isEmpty() || after.isEmpty()) return true;
    return after.get().minus(before.get()).compareTo(WORK) >= 0;
  }

  private static boolean isReady(SandboxEndpoint gateway) {
    // An HttpClient passes each request through three threads, which takes 1.5 times as long.
    try {
      var request =
          (HttpURLConnection)
              URI.create("http://" + gateway + "/readyz").toURL().openConnection(Proxy.NO_PROXY);
      request.setConnectTimeout(RESPONSE_MILLIS);
      request.setReadTimeout(RESPONSE_MILLIS);
      request.setInstanceFollowRedirects(false);
      try {
        return request.getResponseCode() == 200;
      } finally {
        request.disconnect();
      }
    } catch (IOException notYet) {
      return false;
    }
  }
}
