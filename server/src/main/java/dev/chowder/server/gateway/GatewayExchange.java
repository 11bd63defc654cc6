package dev.chowder.server.gateway;

import static dev.chowder.base.ErrorText.cannot;
import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.stream.BodySink;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One HTTP request to a gateway, whose response one thread reads piece by piece. Requests a piece
 * from the connection only when it is read. A wait ends with {@code CANCELLED} when the caller's
 * stream ends. Closing it closes the connection unless the response is complete, which ends the
 * agent's run.
 */
final class GatewayExchange implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GatewayExchange.class);

  private final BodySink caller;
  private final Body body = new Body();
  private final CompletableFuture<HttpResponse<@Nullable Void>> response;
  private boolean requested = true;

  // Written by the HTTP client's threads, one at a time.
  private volatile Flow.@Nullable Subscription upstream;
  private volatile @Nullable List<ByteBuffer> piece;
  private volatile boolean complete;
  private volatile boolean broken;
  private volatile boolean closed;

  /** Sends the request. Does not wait for the response. */
  GatewayExchange(HttpClient client, HttpRequest request, BodySink caller) {
    this.caller = caller;
    this.response = client.sendAsync(request, _ -> body);
    var _ = response.whenComplete((_, _) -> caller.wake());
  }

  /** Waits for the status and headers. Empty if they do not arrive within {@code limit}. */
  Optional<HttpResponse<@Nullable Void>> head(Duration limit) {
    if (!caller.await(response::isDone, limit)) return Optional.empty();
    try {
      return Optional.of(response.join());
    } catch (CompletionException thrown) {
      throw unreachable(requireNonNull(thrown.getCause()));
    }
  }

  /**
   * Waits for the next bytes of the body.
   *
   * @param late creates the error if no byte arrives within {@code limit}
   * @return empty at the end of the body
   * @throws ApiError {@code GATEWAY_UNAVAILABLE} if the gateway closes the connection before the
   *     end
   */
  Optional<ByteString> next(Duration limit, Supplier<ApiError> late) {
    if (!requested) requireNonNull(upstream).request(1);
    requested = true;
    if (!caller.await(() -> piece != null || complete || broken, limit)) throw late.get();
    var bytes = piece;
    if (bytes != null) {
      piece = null;
      requested = false;
      return Optional.of(joined(bytes));
    }
    if (complete) return Optional.empty();
    throw ApiError.of(
        Reason.GATEWAY_UNAVAILABLE,
        cannot("receive the whole response", "the gateway closed the connection"));
  }

  /**
   * Returns whether the gateway sent the whole body. Wakes the caller's sink when it becomes true.
   */
  boolean isComplete() {
    return complete;
  }

  private static ByteString joined(List<ByteBuffer> buffers) {
    // The HTTP client does not reuse a buffer that it delivered.
    return buffers.stream()
        .map(UnsafeByteOperations::unsafeWrap)
        .reduce(ByteString.EMPTY, ByteString::concat);
  }

  static ApiError unreachable(Throwable thrown) {
    LOG.info("gateway cannot be reached: {}", thrown.toString());
    return ApiError.of(
        Reason.GATEWAY_UNAVAILABLE,
        cannot(
            "send the message",
            "the gateway is unreachable, since the sandbox may have stopped or failed",
            "check the instance's status and start it again"));
  }

  @Override
  public void close() {
    closed = true;
    var open = upstream;
    if (open != null) open.cancel();
    response.cancel(true);
  }

  /** Receives the body. It is available as soon as the headers have arrived. */
  private final class Body implements HttpResponse.BodySubscriber<@Nullable Void> {
    @Override
    public CompletionStage<@Nullable Void> getBody() {
      return CompletableFuture.completedStage(null);
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      upstream = subscription;
      if (closed) {
        subscription.cancel();
      } else {
        subscription.request(1);
      }
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
      piece = buffers;
      caller.wake();
    }

    @Override
    public void onError(Throwable thrown) {
      broken = true;
      caller.wake();
    }

    @Override
    public void onComplete() {
      complete = true;
      caller.wake();
    }
  }
}
