package dev.chowder.server.call;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.api.AnnotationsProto;
import com.google.protobuf.MessageLite;
import dev.chowder.api.v1.SubscriptionServiceGrpc;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.RejectionDelay;
import dev.chowder.server.call.RateSettings.Bound;
import dev.chowder.server.error.ApiError;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
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
 * response. A response costs one call per {@code answer-bytes}; until it is sent, the last response
 * of the same method is the estimate. Opening a watch costs as much as a call with a short
 * response.
 *
 * <p>Rejections are delayed, because clients that ignore Retry-After would otherwise be rejected as
 * fast as the node can.
 */
public final class RateLimit {
  private static final Metadata.Key<String> LIMIT = key("x-ratelimit-limit");
  private static final Metadata.Key<String> REMAINING = key("x-ratelimit-remaining");
  private static final Metadata.Key<String> RESET = key("x-ratelimit-reset");
  private static final Context.Key<Standing> STANDING = Context.key("rate-limit");

  private static final String EVENT =
      SubscriptionServiceGrpc.getReceiveStripeEventMethod().getFullMethodName();

  /** By a wall clock that was set back, no bucket would fill until it is where it was. */
  static final TimeMeter METER = TimeMeter.SYSTEM_NANOTIME;

  private static final Duration REMEMBERED = Duration.ofMinutes(1);
  private static final int METHODS_REMEMBERED = 4;

  private final Buckets calls;
  private final Buckets callsAlone;
  private final Contention contention;
  private final BurstSmoother smoother;
  private final int changeCost;
  private final int answerBytes;
  private final RejectionDelay delay;
  private final Cache<Asked, Integer> lastWeights;
  private final int mostExpected;
  private final Buckets signUps;
  private final Buckets events;

  public RateLimit(RateSettings settings, RejectionDelay delay) {
    var rejection =
        "too many requests: this organization may make %d a second on this node, and a change"
            + " counts as "
            + settings.changeCost();
    this.calls = new Buckets(settings.calls(), rejection);
    this.callsAlone = new Buckets(settings.calls().times(settings.aloneFactor()), rejection);
    this.contention =
        new Contention(
            settings.contentionWindow(),
            settings.contentionCallsPerSecond(),
            settings.contentionCallsInProgress(),
            settings.calls().remembered(),
            System::nanoTime);
    this.smoother = new BurstSmoother(settings.calls(), settings.burstSpread());
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
            settings.signUps(), "too many sign-ups: one address may sign up %d times an hour");
    this.events =
        new Buckets(settings.events(), "too many events: one address may send %d a second");
  }

  /** Outside of whatever ends calls, so that errors carry the headers, too. */
  public ServerInterceptor headers() {
    return new Headers();
  }

  /** Behind whatever knows the caller. */
  public ServerInterceptor limit() {
    return new Limit();
  }

  /** A bucket for each organization, or for each address. */
  private final class Buckets {
    private final Bound bound;
    private final String refusal;
    private final Cache<String, Bucket> buckets;

    Buckets(Bound bound, String refusal) {
      this.bound = bound;
      this.refusal = refusal.formatted(bound.refill());
      this.buckets =
          Caffeine.newBuilder()
              .maximumSize(bound.remembered())
              // By then it is full again, whatever was owed, so a new one is the same.
              .expireAfterAccess(
                  bound
                      .per()
                      .multipliedBy(bound.burst())
                      .dividedBy(Math.max(1, bound.refill()))
                      .plus(REMEMBERED))
              .build();
    }

    void count(String whose, int cost) {
      var probe = bucket(whose).tryConsumeAndReturnRemaining(cost);
      var standing = STANDING.get();
      if (standing != null) standing.now = new Shown(bound.burst(), probe);
      if (!probe.isConsumed()) {
        delay.await();
        throw ApiError.rateLimited(
            refusal + "; retry after the time in Retry-After",
            seconds(probe.getNanosToWaitForRefill()));
      }
    }

    /** What is known only by now to have cost more, or less; whoever owes waits longer. */
    void correct(String whose, int more) {
      if (more > 0) bucket(whose).consumeIgnoringRateLimits(more);
      if (more < 0) bucket(whose).addTokens(-more);
    }

    private Bucket bucket(String whose) {
      return buckets.get(
          whose,
          _ ->
              Bucket.builder()
                  .withCustomTimePrecision(METER)
                  .addLimit(
                      limit ->
                          limit.capacity(bound.burst()).refillGreedy(bound.refill(), bound.per()))
                  .build());
    }
  }

  private record Shown(int limit, ConsumptionProbe probe) {}

  /** How the caller stands; filled once it is known who calls. */
  private static final class Standing {
    private volatile @Nullable Shown now;
  }

  private final class Limit implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      var caller = Caller.ifKnown();
      if (caller.isEmpty()) {
        ofMethod(call).count(ClientAddress.current(), 1);
        return next.startCall(call, headers);
      }
      var organization = caller.get().organizationId();
      if (!call.getMethodDescriptor().getType().serverSendsOneMessage()) {
        count(organization, call);
        return next.startCall(call, headers);
      }
      contention.begin(organization);
      try {
        return new InProgress<>(next.startCall(count(organization, call), headers), organization);
      } catch (RuntimeException | Error thrown) {
        contention.end(organization);
        throw thrown;
      }
    }

    /** Returns the call with its response counted, or throws if it is beyond the limit. */
    private <Q, A> ServerCall<Q, A> count(String organization, ServerCall<Q, A> call) {
      var method = call.getMethodDescriptor();
      var asked = new Asked(organization, method.getFullMethodName());
      int expected = expectedWeight(asked);
      int cost = cost(method);
      boolean contended = contention.isContended(organization);
      var buckets = contended ? calls : callsAlone;
      buckets.count(organization, cost + expected);
      contention.add(organization, cost + expected);
      if (contended) smoother.await(organization, cost, expected);
      return method.getType().serverSendsOneMessage()
          ? new Weighed<>(call, asked, expected, buckets)
          : call;
    }

    private Buckets ofMethod(ServerCall<?, ?> call) {
      return call.getMethodDescriptor().getFullMethodName().equals(EVENT) ? events : signUps;
    }
  }

  /** Ends a call of an organization with what ends it. */
  private final class InProgress<Q> extends SimpleForwardingServerCallListener<Q> {
    private final String organization;

    InProgress(ServerCall.Listener<Q> listener, String organization) {
      super(listener);
      this.organization = organization;
    }

    // The transport calls exactly one of these two, whatever happens to the call.
    @Override
    public void onCancel() {
      contention.end(organization);
      super.onCancel();
    }

    @Override
    public void onComplete() {
      contention.end(organization);
      super.onComplete();
    }
  }

  private int expectedWeight(Asked asked) {
    var last = lastWeights.getIfPresent(asked);
    return last == null ? 0 : Math.min(last, mostExpected);
  }

  private record Asked(String organization, String method) {}

  /** Corrects what was expected of an answer when it is there, or does not come. */
  private final class Weighed<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final Asked asked;
    private final int expected;
    private final Buckets buckets;
    private boolean answered;

    Weighed(ServerCall<Q, A> call, Asked asked, int expected, Buckets buckets) {
      super(call);
      this.asked = asked;
      this.expected = expected;
      this.buckets = buckets;
    }

    @Override
    public void sendMessage(A answer) {
      if (answer instanceof MessageLite message) {
        int weight = message.getSerializedSize() / answerBytes;
        if (weight > 0 || expected > 0) lastWeights.put(asked, weight);
        correct(weight - expected);
        answered = true;
      }
      super.sendMessage(answer);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (!answered) correct(-expected);
      answered = true;
      super.close(status, trailers);
    }

    private void correct(int more) {
      buckets.correct(asked.organization(), more);
      if (more != 0) contention.add(asked.organization(), more);
    }
  }

  /** Messages to agents are no changes: they are the agents' work. */
  private int cost(MethodDescriptor<?, ?> method) {
    boolean changes =
        method.getType() != MethodDescriptor.MethodType.SERVER_STREAMING
            && method.getSchemaDescriptor() instanceof ProtoMethodDescriptorSupplier schema
            && !schema
                .getMethodDescriptor()
                .getOptions()
                .getExtension(AnnotationsProto.http)
                .hasGet();
    return changes ? changeCost : 1;
  }

  private static final class Headers implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      var standing = new Standing();
      var telling =
          new SimpleForwardingServerCall<Q, A>(call) {
            @Override
            public void sendHeaders(Metadata sent) {
              var now = standing.now;
              if (now != null) tell(now, sent);
              super.sendHeaders(sent);
            }
          };
      return Contexts.interceptCall(
          Context.current().withValue(STANDING, standing), telling, headers, next);
    }

    private static void tell(Shown now, Metadata headers) {
      headers.put(LIMIT, Integer.toString(now.limit()));
      headers.put(REMAINING, Long.toString(now.probe().getRemainingTokens()));
      headers.put(RESET, Integer.toString(seconds(now.probe().getNanosToWaitForReset())));
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
