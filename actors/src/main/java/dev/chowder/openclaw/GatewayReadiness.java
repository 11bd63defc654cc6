package dev.chowder.openclaw;

import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** Asks a gateway whether it is ready. */
public final class GatewayReadiness {
  /** Between two questions: a tenth of the smallest part of a boot that anybody would notice. */
  private static final Duration PAUSE = Duration.ofMillis(25);

  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(2);

  private final HttpClient http;

  public GatewayReadiness(HttpClient http) {
    this.http = http;
  }

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
   * @param now where it answers, or empty when its process has ended; asked about once a second: an
   *     engine that restarts meanwhile may give it another port
   */
  public Verdict awaitReady(
      SandboxEndpoint gateway, Duration limit, Supplier<Optional<SandboxEndpoint>> now)
      throws InterruptedException {
    var at = gateway;
    long until = System.nanoTime() + limit.toNanos();
    for (int asked = 1; ; asked++) {
      if (isReady(at)) return Verdict.READY;
      if (asked % 40 == 0) {
        var seen = now.get();
        if (seen.isEmpty()) return Verdict.DIED;
        at = seen.get();
      }
      if (System.nanoTime() > until) return Verdict.NOT_IN_TIME;
      Thread.sleep(PAUSE);
    }
  }

  /** Whether it says now that it is ready. */
  public boolean isReady(SandboxEndpoint gateway) throws InterruptedException {
    var request =
        HttpRequest.newBuilder(URI.create("http://" + gateway + "/readyz"))
            .timeout(ANSWER_LIMIT)
            // With the client's default, HTTP/2, every request asks for an upgrade, which OpenClaw
            // takes for a WebSocket.
            .version(HttpClient.Version.HTTP_1_1)
            .build();
    try {
      return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException notYet) {
      return false;
    }
  }
}
