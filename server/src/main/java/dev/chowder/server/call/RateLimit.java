package dev.chowder.server.call;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Bounds how often one organization calls this node, and tells it with every answer, errors too,
 * how much is left. It knows no method: a watch that is opened counts as much as a list.
 */
public final class RateLimit {
  private static final Metadata.Key<String> LIMIT = key("x-ratelimit-limit");
  private static final Metadata.Key<String> REMAINING = key("x-ratelimit-remaining");
  private static final Metadata.Key<String> RESET = key("x-ratelimit-reset");
  private static final Context.Key<Standing> STANDING = Context.key("rate-limit");

  private final RateSettings settings;
  private final Cache<String, Bucket> buckets;

  public RateLimit(RateSettings settings) {
    this.settings = settings;
    this.buckets =
        Caffeine.newBuilder()
            .maximumSize(settings.organizations())
            // By then it is full again, so a new one is the same.
            .expireAfterAccess(
                Duration.ofSeconds(1L + settings.burst() / Math.max(1, settings.perSecond())))
            .build();
  }

  /** Outside of whatever ends calls, so that errors carry the headers, too. */
  public ServerInterceptor headers() {
    return new Headers();
  }

  /** Behind whatever knows the caller. */
  public ServerInterceptor limit() {
    return new Limit();
  }

  private Bucket bucket(String organizationId) {
    return buckets.get(
        organizationId,
        _ ->
            Bucket.builder()
                .addLimit(
                    limit ->
                        limit
                            .capacity(settings.burst())
                            .refillGreedy(settings.perSecond(), Duration.ofSeconds(1)))
                .build());
  }

  /** How the caller stands; filled once it is known who calls. */
  private static final class Standing {
    private volatile @Nullable ConsumptionProbe probe;
  }

  private final class Limit implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      Optional<Caller> caller = Caller.ifKnown();
      if (caller.isPresent()) count(caller.get());
      return next.startCall(call, headers);
    }

    private void count(Caller caller) {
      var probe = bucket(caller.organizationId()).tryConsumeAndReturnRemaining(1);
      var standing = STANDING.get();
      if (standing != null) standing.probe = probe;
      if (!probe.isConsumed()) {
        throw ApiError.rateLimited(
            "requests: more than "
                + settings.perSecond()
                + " a second (expected: fewer; see Retry-After)",
            seconds(probe.getNanosToWaitForRefill()));
      }
    }
  }

  private final class Headers implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      var standing = new Standing();
      var telling =
          new SimpleForwardingServerCall<Q, A>(call) {
            @Override
            public void sendHeaders(Metadata sent) {
              var probe = standing.probe;
              if (probe != null) tell(probe, sent);
              super.sendHeaders(sent);
            }
          };
      return Contexts.interceptCall(
          Context.current().withValue(STANDING, standing), telling, headers, next);
    }

    private void tell(ConsumptionProbe probe, Metadata headers) {
      headers.put(LIMIT, Integer.toString(settings.burst()));
      headers.put(REMAINING, Long.toString(probe.getRemainingTokens()));
      headers.put(RESET, Integer.toString(seconds(probe.getNanosToWaitForReset())));
    }
  }

  /** Rounded up: who comes back then is not too early. */
  private static int seconds(long nanos) {
    return (int) TimeUnit.NANOSECONDS.toSeconds(nanos + TimeUnit.SECONDS.toNanos(1) - 1);
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
