package dev.chowder.server.rate;

import static dev.chowder.base.ErrorText.cannot;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.protobuf.MessageLite;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.RejectionDelay;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.CallEnd;
import dev.chowder.server.rate.RateSettings.Bound;
import dev.chowder.server.rpc.RpcFacts;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Limits how often one organization calls this node, and how often one address makes calls that
 * need no key: sign-ups and Stripe's events, each with a limit of its own. Every response,
 * including errors, shows how many calls are left.
 *
 * <p>The limit of an organization keeps others' calls fast, so it applies only under contention
 * ({@link Contention}). Without contention it is {@code alone-factor} times as high, which only
 * protects the node.
 *
 * <p>A mutating call costs {@code change-cost} calls, because most of its work follows the
 * response. A response costs one call per {@code response-bytes-per-call}; until it is sent, the
 * last response of the same method is the estimate. Opening a watch costs as much as a call with a
 * short response.
 *
 * <p>Rejections are delayed, because clients that ignore Retry-After would otherwise be rejected as
 * fast as the node can.
 */
public final class RateLimit {
  private static final Metadata.Key<String> LIMIT = key("x-ratelimit-limit");
  private static final Metadata.Key<String> REMAINING = key("x-ratelimit-remaining");
  private static final Metadata.Key<String> RESET = key("x-ratelimit-reset");
  private static final Context.Key<Standing> STANDING = Context.key("rate-limit");

  private static final String RETRY = "retry after the time in Retry-After";

  /** Monotonic: with the wall clock, no bucket would refill after the clock was set back. */
  static final TimeMeter METER = TimeMeter.SYSTEM_NANOTIME;

  private static final Duration REMEMBERED = Duration.ofMinutes(1);
  private static final int METHODS_REMEMBERED = 4;

  private final TimeMeter meter;
  private final Buckets calls;
  private final Buckets callsAlone;
  private final Contention contention;
  private final BurstSmoother smoother;
  private final int changeCost;
  private final int answerBytes;
  private final RejectionDelay delay;
  private final Cache<ResponseKey, Integer> lastWeights;
  private final int mostExpected;
  private final Buckets signUps;
  private final Buckets events;

  public RateLimit(RateSettings settings, RejectionDelay delay) {
    this(settings, delay, METER);
  }

  /**
   * Creates the limits of a node.
   *
   * @param meter the clock of the limits; must be monotonic
   */
  public RateLimit(RateSettings settings, RejectionDelay delay, TimeMeter meter) {
    this.meter = meter;
    var rejection =
        cannot(
            "make the call",
            "this organization may make %d calls a second on this node, and a change counts as "
                + settings.changeCost(),
            RETRY);
    this.calls = new Buckets(settings.calls(), rejection);
    this.callsAlone = new Buckets(settings.calls().times(settings.aloneFactor()), rejection);
    this.contention =
        new Contention(
            settings.contentionWindow(),
            settings.contentionCallsPerSecond(),
            settings.contentionCallsInProgress(),
            settings.calls().remembered(),
            meter::currentTimeNanos);
    this.smoother =
        new BurstSmoother(settings.calls(), settings.burstSpread(), meter, Thread::sleep);
    this.changeCost = settings.changeCost();
    this.answerBytes = settings.answerBytes();
    this.delay = delay;
    this.lastWeights =
        Caffeine.newBuilder()
            .maximumSize((long) METHODS_REMEMBERED * settings.calls().remembered())
            .expireAfterAccess(REMEMBERED)
            .build();
    // A response that costs more than a full bucket would never be allowed again.
    this.mostExpected = settings.calls().burst() / 2;
    this.signUps =
        new Buckets(
            settings.signUps(),
            cannot("sign up", "one address may sign up %d times an hour", RETRY));
    this.events =
        new Buckets(
            settings.events(),
            cannot("accept the event", "one address may send %d events a second", RETRY));
  }

  /**
   * Returns the interceptor that adds the headers. Install it outside all interceptors that end
   * calls, so that errors carry the headers, too.
   */
  public ServerInterceptor headers() {
    return new Headers();
  }

  /**
   * Returns the interceptor that limits calls. Install it inside the interceptor that checks the
   * key.
   */
  public ServerInterceptor limit() {
    return new Limit();
  }

  /** One token bucket for each organization or address. */
  private final class Buckets {
    private final Bound bound;
    private final String rejection;
    private final Cache<String, Bucket> buckets;

    Buckets(Bound bound, String rejection) {
      this.bound = bound;
      this.rejection = rejection.formatted(bound.refill());
      this.buckets =
          Caffeine.newBuilder()
              .maximumSize(bound.remembered())
              // A bucket is full again after this time, even after a debt, so a new one is equal.
              .expireAfterAccess(
                  bound
                      .per()
                      .multipliedBy(bound.burst())
                      .dividedBy(Math.max(1, bound.refill()))
                      .plus(REMEMBERED))
              .build();
    }

    /**
     * Takes the cost of a call.
     *
     * @param owner an organization or an address
     * @throws ApiError {@code RATE_LIMITED} after a delay, if the bucket has less
     */
    void count(String owner, int cost) {
      var probe = bucket(owner).tryConsumeAndReturnRemaining(cost);
      var standing = STANDING.get();
      if (standing != null) standing.now = new Shown(bound.burst(), probe);
      if (!probe.isConsumed()) {
        delay.await();
        throw ApiError.rateLimited(rejection, seconds(probe.getNanosToWaitForRefill()));
      }
    }

    /**
     * Corrects the cost of an earlier call.
     *
     * @param more what the call cost in addition, below 0 if it cost less; the bucket may go into
     *     debt, which delays the next call
     */
    void correct(String owner, int more) {
      if (more > 0) bucket(owner).consumeIgnoringRateLimits(more);
      if (more < 0) bucket(owner).addTokens(-more);
    }

    private Bucket bucket(String owner) {
      return buckets.get(
          owner,
          _ ->
              Bucket.builder()
                  .withCustomTimePrecision(meter)
                  .addLimit(
                      limit ->
                          limit.capacity(bound.burst()).refillGreedy(bound.refill(), bound.per()))
                  .build());
    }
  }

  private record Shown(int limit, ConsumptionProbe probe) {}

  /** The state of the caller's bucket, which is known once the caller is authenticated. */
  private static final class Standing {
    private volatile @Nullable Shown now;
  }

  private final class Limit implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      var caller = Caller.ifKnown();
      if (caller.isEmpty()) {
        ofAddress(call.getMethodDescriptor()).count(ClientAddress.current(), 1);
        return next.startCall(call, headers);
      }
      var organization = caller.get().organizationId();
      if (!call.getMethodDescriptor().getType().serverSendsOneMessage()) {
        count(organization, call);
        return next.startCall(call, headers);
      }
      contention.begin(organization);
      return CallEnd.start(
          call,
          headers,
          (started, received) -> next.startCall(count(organization, started), received),
          () -> contention.end(organization));
    }

    /** Returns the call with its response counted, or throws if it is beyond the limit. */
    private <Q, A> ServerCall<Q, A> count(String organization, ServerCall<Q, A> call) {
      var method = call.getMethodDescriptor();
      var key = new ResponseKey(organization, method.getFullMethodName());
      int expected = expectedWeight(key);
      int cost = cost(method);
      boolean contended = contention.isContended(organization);
      var buckets = contended ? calls : callsAlone;
      buckets.count(organization, cost + expected);
      contention.add(organization, cost + expected);
      if (contended) smoother.await(organization, cost, expected);
      return method.getType().serverSendsOneMessage()
          ? new Weighed<>(call, key, expected, buckets)
          : call;
    }

    private Buckets ofAddress(MethodDescriptor<?, ?> method) {
      return switch (RpcFacts.of(method).declared().getRate()) {
        case sign_up -> signUps;
        case stripe_event -> events;
        case rate_unspecified, UNRECOGNIZED ->
            throw new IllegalStateException(
                method.getFullMethodName() + ": must have a rate, since it needs no key");
      };
    }
  }

  private int expectedWeight(ResponseKey key) {
    var last = lastWeights.getIfPresent(key);
    return last == null ? 0 : Math.min(last, mostExpected);
  }

  private record ResponseKey(String organization, String method) {}

  /** Replaces the expected cost of a response by its real cost when the call ends. */
  private final class Weighed<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final ResponseKey key;
    private final int expected;
    private final Buckets buckets;
    private boolean responded;

    Weighed(ServerCall<Q, A> call, ResponseKey key, int expected, Buckets buckets) {
      super(call);
      this.key = key;
      this.expected = expected;
      this.buckets = buckets;
    }

    @Override
    public void sendMessage(A response) {
      if (response instanceof MessageLite message) {
        int weight = message.getSerializedSize() / answerBytes;
        if (weight > 0 || expected > 0) lastWeights.put(key, weight);
        correct(weight - expected);
        responded = true;
      }
      super.sendMessage(response);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (!responded) correct(-expected);
      responded = true;
      super.close(status, trailers);
    }

    private void correct(int more) {
      buckets.correct(key.organization(), more);
      if (more != 0) contention.add(key.organization(), more);
    }
  }

  /**
   * Returns the cost of a call without its response. A message to an agent costs one call, because
   * the agent does the work.
   */
  private int cost(MethodDescriptor<?, ?> method) {
    boolean changes =
        method.getType() != MethodDescriptor.MethodType.SERVER_STREAMING
            && RpcFacts.of(method).changes();
    return changes ? changeCost : 1;
  }

  private static final class Headers implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      var standing = new Standing();
      var withHeaders =
          new SimpleForwardingServerCall<Q, A>(call) {
            @Override
            public void sendHeaders(Metadata sent) {
              var now = standing.now;
              if (now != null) put(now, sent);
              super.sendHeaders(sent);
            }
          };
      return Contexts.interceptCall(
          Context.current().withValue(STANDING, standing), withHeaders, headers, next);
    }

    private static void put(Shown now, Metadata headers) {
      headers.put(LIMIT, Integer.toString(now.limit()));
      headers.put(REMAINING, Long.toString(now.probe().getRemainingTokens()));
      headers.put(RESET, Integer.toString(seconds(now.probe().getNanosToWaitForReset())));
    }
  }

  /** Rounds up, so that a client that retries after this time is not too early. */
  private static int seconds(long nanos) {
    return (int) TimeUnit.NANOSECONDS.toSeconds(nanos + TimeUnit.SECONDS.toNanos(1) - 1);
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
