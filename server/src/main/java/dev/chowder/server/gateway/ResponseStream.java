package dev.chowder.server.gateway;

import static dev.chowder.base.ErrorText.cannot;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.call.ResponseHeaders;
import dev.chowder.server.error.ApiError;
import io.grpc.Metadata;
import io.grpc.stub.ServerCallStreamObserver;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Streams one response from a gateway to a caller. Requests more bytes only while the caller's
 * transport can buffer them. Cancels the gateway's work if the caller disconnects, and fails the
 * call if no byte arrives within a timeout. Ends exactly once.
 */
final class ResponseStream {
  private static final Logger LOG = LoggerFactory.getLogger(ResponseStream.class);
  private static final String SEND = "send the message";

  private final ServerCallStreamObserver<HttpBody> out;
  private final Metadata headers;
  private final ServerSettings.Responses settings;
  private final ScheduledExecutorService clock;
  private final Runnable onEnd;

  // All fields below are guarded by this.
  private @Nullable CompletableFuture<?> exchange;
  private Flow.@Nullable Subscription upstream;
  private @Nullable ScheduledFuture<?> watchdog;
  private boolean requested;
  private int repetitions;
  private boolean started;
  private boolean ended;
  private boolean events;
  private String contentType = "application/json";
  private long lastProgress = System.nanoTime();

  ResponseStream(
      ServerCallStreamObserver<HttpBody> out,
      Metadata headers,
      ServerSettings.Responses settings,
      ScheduledExecutorService clock,
      Runnable onEnd) {
    this.out = out;
    this.headers = headers;
    this.settings = settings;
    this.clock = clock;
    this.onEnd = onEnd;
  }

  /**
   * Sends the request.
   *
   * @param nextRequest returns the same request with the token to try next; called each time the
   *     gateway rejects a token and has not begun with the message
   */
  void begin(HttpClient client, HttpRequest request, Supplier<Optional<HttpRequest>> nextRequest) {
    out.setOnReadyThreshold(settings.maxBufferedBytes());
    out.setOnReadyHandler(this::requestMore);
    out.setOnCancelHandler(this::abandon);
    watchdog = watch(settings.firstByteTimeout());
    send(client, request, nextRequest);
  }

  private void send(
      HttpClient client, HttpRequest request, Supplier<Optional<HttpRequest>> nextRequest) {
    var sent = client.sendAsync(request, info -> onStatus(info, client, nextRequest));
    synchronized (this) {
      exchange = sent;
      if (ended) {
        sent.cancel(true);
      }
    }
    var _ =
        sent.whenComplete(
            (response, thrown) -> {
              // The exchange also fails if this stream cancelled it, as after a disconnect.
              if (thrown != null && !hasEnded()) {
                fail(unreachable(thrown));
              }
            });
  }

  private HttpResponse.BodySubscriber<@Nullable Void> onStatus(
      HttpResponse.ResponseInfo info,
      HttpClient client,
      Supplier<Optional<HttpRequest>> nextRequest) {
    int status = info.statusCode();
    if (status == 401 || status == 403) {
      return HttpResponse.BodySubscribers.mapping(
          HttpResponse.BodySubscribers.limiting(
              HttpResponse.BodySubscribers.ofByteArray(), Refusal.MAX_BYTES),
          body -> {
            onRefusal(info, body, client, nextRequest);
            return null;
          });
    }
    if (status < 200 || (status >= 300 && status < 400)) {
      fail(
          ApiError.of(
              Reason.GATEWAY_UNAVAILABLE,
              cannot(SEND, "the gateway returned the unexpected status " + status)));
    } else {
      answerWith(status, info);
    }
    return new Body();
  }

  private synchronized void answerWith(int status, HttpResponse.ResponseInfo info) {
    contentType = contentType(info);
    events = contentType.toLowerCase(Locale.ROOT).startsWith("text/event-stream");
    if (status != 200) {
      ResponseHeaders.putHttpStatus(headers, status);
    }
    info.headers()
        .firstValue("retry-after")
        .filter(value -> value.matches("[\\x20-\\x7e]{1,64}"))
        .ifPresent(value -> ResponseHeaders.putRetryAfter(headers, value));
  }

  private void onRefusal(
      HttpResponse.ResponseInfo info,
      byte[] body,
      HttpClient client,
      Supplier<Optional<HttpRequest>> nextRequest) {
    switch (Refusal.of(info.statusCode(), body)) {
      case TOKEN, TOKEN_REPLACED -> {
        if (mayRepeat()) {
          repeatLater(client, nextRequest);
        } else {
          failRefused(info.statusCode());
        }
      }
      case ANSWER -> {
        // A caller would take the agent's own 401 or 403 for an error of its API key.
        answerWith(502, info);
        send(UnsafeByteOperations.unsafeWrap(body));
        complete();
      }
      case PERMISSION -> failRefused(info.statusCode());
    }
  }

  private synchronized boolean hasEnded() {
    return ended;
  }

  private synchronized boolean mayRepeat() {
    return !ended && repetitions++ < GatewayDirectory.MAX_REPETITIONS;
  }

  private synchronized void repeatLater(
      HttpClient client, Supplier<Optional<HttpRequest>> nextRequest) {
    // The lookup of the current token may block, so it must not run on the clock's thread.
    var _ =
        clock.schedule(
            () -> Thread.startVirtualThread(() -> repeat(client, nextRequest)),
            GatewayDirectory.pauseBefore(repetitions).toNanos(),
            TimeUnit.NANOSECONDS);
  }

  private void repeat(HttpClient client, Supplier<Optional<HttpRequest>> nextRequest) {
    try {
      nextRequest
          .get()
          .ifPresentOrElse(request -> send(client, request, nextRequest), this::failNotRunning);
    } catch (RuntimeException thrown) {
      fail(unreachable(thrown));
    }
  }

  /** Fails with 502: the gateway rejected Chowder's token, which the caller cannot change. */
  private void failRefused(int status) {
    LOG.warn("gateway answered {} to Chowder's own token", status);
    fail(
        ApiError.of(
            Reason.GATEWAY_UNAVAILABLE, cannot(SEND, "the gateway rejects Chowder's token")));
  }

  private void failNotRunning() {
    fail(
        ApiError.of(
            Reason.GATEWAY_UNAVAILABLE,
            cannot(SEND, "the gateway no longer runs", "check the instance's status")));
  }

  private static String contentType(HttpResponse.ResponseInfo info) {
    String type = info.headers().firstValue("content-type").orElse("application/json");
    // Envoy would interpret a body of a gRPC type as gRPC.
    return type.startsWith("application/grpc") || !type.matches("[\\x20-\\x7e]{1,200}")
        ? "application/octet-stream"
        : type;
  }

  private final class Body implements HttpResponse.BodySubscriber<@Nullable Void> {
    private final CompletableFuture<@Nullable Void> done = new CompletableFuture<>();

    @Override
    public CompletionStage<@Nullable Void> getBody() {
      return done;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      synchronized (ResponseStream.this) {
        if (ended) {
          subscription.cancel();
          done.complete(null);
          return;
        }
        upstream = subscription;
      }
      requestMore();
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
      for (ByteBuffer buffer : buffers) {
        if (buffer.hasRemaining()) {
          // The HTTP client does not reuse a buffer that it delivered.
          send(UnsafeByteOperations.unsafeWrap(buffer));
        }
      }
      synchronized (ResponseStream.this) {
        requested = false;
      }
      requestMore();
    }

    @Override
    public void onError(Throwable thrown) {
      done.complete(null);
      fail(
          ApiError.of(
              Reason.GATEWAY_UNAVAILABLE,
              cannot("receive the whole response", "the gateway closed the connection")));
    }

    @Override
    public void onComplete() {
      done.complete(null);
      complete();
    }
  }

  private synchronized void requestMore() {
    if (!ended && !requested && upstream != null && out.isReady()) {
      requested = true;
      upstream.request(1);
    }
  }

  private synchronized void send(ByteString data) {
    if (ended) {
      return;
    }
    lastProgress = System.nanoTime();
    var body = HttpBody.newBuilder().setData(data);
    if (!started) {
      started = true;
      body.setContentType(contentType);
    }
    out.onNext(body.build());
  }

  private synchronized void complete() {
    if (!end()) {
      return;
    }
    if (!started) {
      // An empty body still needs a type and a status.
      out.onNext(HttpBody.newBuilder().setContentType(contentType).build());
    }
    out.onCompleted();
  }

  private synchronized void fail(ApiError error) {
    if (!end()) {
      return;
    }
    if (started && events) {
      out.onNext(HttpBody.newBuilder().setData(SseErrorEvent.of(error)).build());
      out.onCompleted();
    } else {
      out.onError(error);
    }
  }

  /** Ends after a disconnect of the caller; closing the connection ends the agent's run. */
  private synchronized void abandon() {
    end();
  }

  private synchronized boolean end() {
    if (ended) {
      return false;
    }
    ended = true;
    if (watchdog != null) {
      watchdog.cancel(false);
    }
    if (upstream != null) {
      upstream.cancel();
    }
    if (exchange != null) {
      exchange.cancel(true);
    }
    onEnd.run();
    return true;
  }

  private ScheduledFuture<?> watch(Duration timeout) {
    return clock.schedule(this::checkProgress, timeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  private synchronized void checkProgress() {
    if (ended) {
      return;
    }
    Duration timeout = started ? settings.idleTimeout() : settings.firstByteTimeout();
    Duration idle = Duration.ofNanos(System.nanoTime() - lastProgress);
    if (idle.compareTo(timeout) < 0) {
      watchdog = watch(timeout.minus(idle));
      return;
    }
    fail(
        ApiError.of(
            Reason.NO_ANSWER_IN_TIME,
            cannot(
                "receive the response",
                "the gateway sent nothing for " + timeout.toSeconds() + " s")));
  }

  private static ApiError unreachable(Throwable thrown) {
    LOG.info("gateway cannot be reached: {}", thrown.toString());
    return ApiError.of(
        Reason.GATEWAY_UNAVAILABLE,
        cannot(
            SEND,
            "the gateway is unreachable, since the sandbox may have stopped or failed",
            "check the instance's status and start it again"));
  }
}
