package dev.chowder.openclaw;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.secret.Secret;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a gateway run turns, so that its first turn for a caller finds all code and data loaded.
 * The turns use one session, which is deleted afterwards. ADR 0058 has the figures.
 *
 * @param devices returns Chowder's device for an instance's gateway
 * @param maxBytes maximum bytes of the response to a turn
 * @param limit maximum time of the turns
 * @param settle time in which the gateway finishes the work that follows a turn
 */
public record GatewayWarmUp(
    HttpClient http,
    GatewayConversations conversations,
    Function<String, GatewayDevice> devices,
    long maxBytes,
    Duration limit,
    Duration settle) {
  private static final Logger LOG = LoggerFactory.getLogger(GatewayWarmUp.class);

  private static final String SESSION = "chowder-warm-up";

  /** More than one, so that the JIT compiler also sees the code that runs once for each turn. */
  private static final int TURNS = 3;

  private static final String MESSAGE = "{\"model\":\"openclaw\",\"input\":\"Hello\"}";

  /**
   * Warms a gateway that takes messages and has no session yet. {@link OpenClawHome#WARMS_UP} must
   * have a content; otherwise the turn would call the model provider.
   *
   * @return why the gateway may not be warm; empty if it is
   * @throws UnansweredException if a turn may still run, or if the gateway does not delete the
   *     session again
   */
  public String warm(String id, SandboxEndpoint at, Secret token) throws InterruptedException {
    var gateway = new Gateway(at, token, devices.apply(id));
    long deadline = System.nanoTime() + limit.toNanos();
    var failure = "";
    for (int turn = 1; turn <= TURNS && failure.isEmpty(); turn++) {
      failure = runTurn(at, token, Duration.ofNanos(deadline - System.nanoTime()));
    }
    try (var socket = conversations.open(gateway)) {
      var _ = OpenClawSessions.delete(socket, SESSION);
    }
    Thread.sleep(settle);
    if (failure.isEmpty()) return "";
    LOG.warn("instance={} event=not-warmed-up why={}", id, failure);
    return "not warmed up: " + failure;
  }

  private String runTurn(SandboxEndpoint at, Secret token, Duration left)
      throws InterruptedException {
    if (!left.isPositive()) return "its turns took too long";
    var request =
        HttpRequest.newBuilder(URI.create("http://" + at + "/v1/responses"))
            .header("authorization", "Bearer " + token.reveal())
            .header("content-type", "application/json")
            .header("x-openclaw-session-key", SessionKey.of(SESSION))
            .POST(HttpRequest.BodyPublishers.ofString(MESSAGE, UTF_8))
            .build();
    var response =
        http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.discarding(), maxBytes));
    try {
      // Every complete response ends the turn, also that of a failure.
      int status = response.get(left.toNanos(), TimeUnit.NANOSECONDS).statusCode();
      return status == 200 ? "" : "the gateway answered " + status;
    } catch (TimeoutException late) {
      throw mayStillRun("no response within " + limit.toSeconds() + " s");
    } catch (ExecutionException failed) {
      throw mayStillRun(String.valueOf(failed.getCause()));
    } finally {
      response.cancel(true);
    }
  }

  private static UnansweredException mayStillRun(String why) {
    return new UnansweredException(new NoAnswer("a turn may still run: " + why));
  }
}
