package dev.chowder.openclaw;

import dev.chowder.sandbox.SandboxEndpoint;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** Waits until a gateway is ready, by polling it. */
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

  /** The result of waiting for a gateway. */
  public enum Verdict {
    /** The gateway is ready. */
    READY,
    /** The process ended before it was ready. */
    DIED,
    /** The gateway was not ready within the limit. */
    NOT_IN_TIME
  }

  /**
   * Waits until the gateway reports that it is ready.
   *
   * @param limit the maximum time to wait
   * @param observedAt returns the gateway's current address; empty if its process has ended. Called
   *     about once a second, because an engine that restarts may assign another port
   */
  public Verdict awaitReady(
      SandboxEndpoint gateway, Duration limit, Supplier<Optional<SandboxEndpoint>> observedAt)
      throws InterruptedException {
    var at = gateway;
    long begun = System.nanoTime();
    long checked = begun;
    while (true) {
      if (isReady(at)) return Verdict.READY;
      long now = System.nanoTime();
      if (now - checked >= CHECK_EVERY.toNanos()) {
        var observed = observedAt.get();
        if (observed.isEmpty()) return Verdict.DIED;
        at = observed.get();
        checked = now;
      }
      var waited = Duration.ofNanos(now - begun);
      if (waited.compareTo(limit) > 0) return Verdict.NOT_IN_TIME;
      var pause = waited.dividedBy(PAUSE_PART);
      Thread.sleep(pause.compareTo(MIN_PAUSE) > 0 ? pause : MIN_PAUSE);
    }
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
