package dev.chowder.server.gateway;

import static dev.chowder.base.ErrorText.cannot;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.call.CallHeaders;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.stream.BodySink;
import io.grpc.Metadata;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forwards one response from a gateway to a caller, no faster than the caller reads. Cancels the
 * gateway's work if the caller disconnects, and fails the call if no byte arrives within a timeout.
 * Blocks.
 */
final class ResponseStream {
  private static final Logger LOG = LoggerFactory.getLogger(ResponseStream.class);
  private static final String SEND = "send the message";

  private final HttpClient client;
  private final BodySink body;
  private final Metadata headers;
  private final ServerSettings.Responses settings;
  private final long began = System.nanoTime();
  private boolean events;

  /**
   * Creates the stream of one call.
   *
   * @param headers response headers
   */
  ResponseStream(
      HttpClient client, BodySink body, Metadata headers, ServerSettings.Responses settings) {
    this.client = client;
    this.body = body;
    this.headers = headers;
    this.settings = settings;
  }

  /**
   * Sends the request and forwards the response.
   *
   * @param nextRequest returns the same request with the token to try next; called each time the
   *     gateway rejects a token and has not begun with the message
   */
  void forward(HttpRequest request, Supplier<Optional<HttpRequest>> nextRequest) {
    try {
      var next = request;
      for (int repetitions = 0; !forwarded(next, repetitions); ) {
        repetitions++;
        body.pause(GatewayDirectory.pauseBefore(repetitions));
        next = after(nextRequest);
      }
    } catch (ApiError why) {
      if (!events || !body.hasBegun()) throw why;
      body.completeWith(SseErrorEvent.of(why));
    }
  }

  private static HttpRequest after(Supplier<Optional<HttpRequest>> nextRequest) {
    Optional<HttpRequest> next;
    try {
      next = nextRequest.get();
    } catch (RuntimeException thrown) {
      throw GatewayExchange.unreachable(thrown);
    }
    return next.orElseThrow(
        () -> unavailable("the gateway no longer runs", "check the instance's status"));
  }

  /** Returns false if the request may be repeated with another token. */
  private boolean forwarded(HttpRequest request, int repetitions) {
    try (var exchange = new GatewayExchange(client, request, body)) {
      var head = exchange.head(left()).orElseThrow(this::late);
      int status = head.statusCode();
      if (status == 401 || status == 403) {
        return afterRefusal(exchange, head.headers(), status, repetitions);
      }
      if (status < 200 || (status >= 300 && status < 400)) {
        throw unavailable("the gateway returned the unexpected status " + status);
      }
      begin(status, head.headers());
      sendAll(exchange);
      return true;
    }
  }

  private void begin(int status, HttpHeaders received) {
    String type = contentType(received);
    body.type(type);
    events = type.toLowerCase(Locale.ROOT).startsWith("text/event-stream");
    if (status != 200) CallHeaders.putHttpStatus(headers, status);
    received
        .firstValue("retry-after")
        .filter(value -> value.matches("[\\x20-\\x7e]{1,64}"))
        .ifPresent(value -> CallHeaders.putRetryAfter(headers, value));
  }

  private static String contentType(HttpHeaders received) {
    String type = received.firstValue("content-type").orElse("application/json");
    // Envoy would interpret a body of a gRPC type as gRPC.
    return type.startsWith("application/grpc") || !type.matches("[\\x20-\\x7e]{1,200}")
        ? "application/octet-stream"
        : type;
  }

  private void sendAll(GatewayExchange exchange) {
    var next = exchange.next(left(), this::late);
    while (next.isPresent()) {
      if (!next.get().isEmpty()) body.send(next.get());
      // Nothing more is read from the gateway before the caller's transport has room for it. At the
      // end nothing is left to read, and the call ends without a wait for a slow caller.
      body.awaitRoomOr(exchange::isComplete);
      next = exchange.next(left(), this::late);
    }
  }

  private boolean afterRefusal(
      GatewayExchange exchange, HttpHeaders received, int status, int repetitions) {
    var answer = whole(exchange);
    return switch (Refusal.of(status, answer.toByteArray())) {
      case TOKEN, TOKEN_REPLACED -> {
        if (repetitions >= GatewayDirectory.MAX_REPETITIONS) throw refused(status);
        yield false;
      }
      case ANSWER -> {
        // A caller would take the agent's own 401 or 403 for an error of its API key.
        begin(502, received);
        body.send(answer);
        yield true;
      }
      case PERMISSION -> throw refused(status);
    };
  }

  private ByteString whole(GatewayExchange exchange) {
    var all = ByteString.EMPTY;
    while (true) {
      var next = exchange.next(left(), this::late);
      if (next.isEmpty()) return all;
      all = all.concat(next.get());
      if (all.size() > Refusal.MAX_BYTES) throw unavailable("the gateway's error is too long");
    }
  }

  /**
   * Returns the time until the next byte must be there. The first one also waits for repetitions.
   */
  private Duration left() {
    return body.hasBegun()
        ? settings.idleTimeout()
        : settings.firstByteTimeout().minusNanos(System.nanoTime() - began);
  }

  private ApiError late() {
    var timeout = body.hasBegun() ? settings.idleTimeout() : settings.firstByteTimeout();
    return ApiError.of(
        Reason.NO_ANSWER_IN_TIME,
        cannot(
            "receive the response", "the gateway sent nothing for " + timeout.toSeconds() + " s"));
  }

  /** Returns a 502: the gateway rejected Chowder's token, which the caller cannot change. */
  private static ApiError refused(int status) {
    LOG.warn("gateway answered {} to Chowder's own token", status);
    return unavailable("the gateway rejects Chowder's token");
  }

  private static ApiError unavailable(String... why) {
    return why.length == 1
        ? ApiError.of(Reason.GATEWAY_UNAVAILABLE, cannot(SEND, why[0]))
        : ApiError.of(Reason.GATEWAY_UNAVAILABLE, cannot(SEND, why[0], why[1]));
  }
}
