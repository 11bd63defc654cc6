package dev.chowder.openclaw;

import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** Asks a gateway whether it is ready. */
public final class GatewayReadiness {
  /** Between two questions, at least. */
  private static final Duration MIN_PAUSE = Duration.ofMillis(25);

  /**
   * A pause's part of the time waited so far. Each question takes about a millisecond of the
   * processors that the boot needs itself; so one that took 10 s is found 50 ms late on average.
   */
  private static final int PAUSE_PART = 100;

  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
  private static final int ANSWER_MILLIS = 2_000;

  /** How the waiting for a gateway ended. */
  public enum Verdict {
    /** It is ready. */
    READY,
    /** It ended before it was ready. */
    DIED,
    /** It still was not ready when the time was over. */
    NOT_IN_TIME
  }

  /**
   * Waits until the gateway says that it is ready.
   *
   * @param limit how long, at most
   * @param seenAt where it answers, or empty when its process has ended; asked about once a second:
   *     an engine that restarts meanwhile may give it another port
   */
  public Verdict awaitReady(
      SandboxEndpoint gateway, Duration limit, Supplier<Optional<SandboxEndpoint>> seenAt)
      throws InterruptedException {
    var at = gateway;
    long begun = System.nanoTime();
    long looked = begun;
    while (true) {
      if (isReady(at)) return Verdict.READY;
      long now = System.nanoTime();
      if (now - looked >= LOOK_EVERY.toNanos()) {
        var seen = seenAt.get();
        if (seen.isEmpty()) return Verdict.DIED;
        at = seen.get();
        looked = now;
      }
      var waited = Duration.ofNanos(now - begun);
      if (waited.compareTo(limit) > 0) return Verdict.NOT_IN_TIME;
      var pause = waited.dividedBy(PAUSE_PART);
      Thread.sleep(pause.compareTo(MIN_PAUSE) > 0 ? pause : MIN_PAUSE);
    }
  }

  private static boolean isReady(SandboxEndpoint gateway) {
    // An HttpClient hands each question through three threads, and takes half as much time again.
    try {
      var question =
          (HttpURLConnection)
              URI.create("http://" + gateway + "/readyz").toURL().openConnection(Proxy.NO_PROXY);
      question.setConnectTimeout(ANSWER_MILLIS);
      question.setReadTimeout(ANSWER_MILLIS);
      question.setInstanceFollowRedirects(false);
      try {
        return question.getResponseCode() == 200;
      } finally {
        question.disconnect();
      }
    } catch (IOException notYet) {
      return false;
    }
  }
}
