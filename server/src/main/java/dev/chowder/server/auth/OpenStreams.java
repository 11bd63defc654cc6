package dev.chowder.server.auth;

import dev.chowder.base.RepeatingThread;
import dev.chowder.key.ApiKeys.KeyEnd;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.CallEnd;
import dev.chowder.server.error.EndableCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes streams whose key was revoked or expired, and all calls whose organization was suspended.
 * Polls the keys that have calls on this node, so it finds changes made by other nodes. A stream is
 * a call in which either side sends many messages, so it closes uploads too. The work of a closed
 * unary call finishes without its caller, because a change must not stay half done. Otherwise unary
 * calls finish: the call that rotates a key ends it, and its caller needs the response.
 */
public final class OpenStreams implements ServerInterceptor, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OpenStreams.class);

  private final EndedKeys keys;
  private final Duration interval;
  private final Map<String, Set<Stream<?, ?>>> byKey = new ConcurrentHashMap<>();
  private final RepeatingThread timer = new RepeatingThread("revocations");

  /** Finds keys that are no longer valid. May block for a short time. */
  @FunctionalInterface
  public interface EndedKeys {
    /** Returns the ids of the keys that are no longer valid, each with the reason. */
    Map<String, KeyEnd> among(Collection<String> keyIds);
  }

  /**
   * Starts polling.
   *
   * @param interval time between two lookups; interval and lookup must take well below 1 s together
   */
  public OpenStreams(EndedKeys keys, Duration interval) {
    this.keys = keys;
    this.interval = interval;
    timer.every(interval, this::check);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    var caller = Caller.ifKnown();
    if (caller.isEmpty()) return next.startCall(call, headers);
    var stream = new Stream<>(call, caller.get().keyId());
    add(stream);
    return CallEnd.start(
        stream,
        headers,
        (started, received) -> {
          var listener = next.startCall(started, received);
          stream.service = listener;
          return listener;
        },
        () -> remove(stream));
  }

  private void add(Stream<?, ?> stream) {
    byKey.compute(
        stream.keyId,
        (_, open) -> {
          var streams = open == null ? ConcurrentHashMap.<Stream<?, ?>>newKeySet() : open;
          streams.add(stream);
          return streams;
        });
  }

  private void remove(Stream<?, ?> stream) {
    byKey.computeIfPresent(
        stream.keyId,
        (_, open) -> {
          open.remove(stream);
          return open.isEmpty() ? null : open;
        });
  }

  private void check() {
    try {
      // Most unary calls end before the next check, and need none.
      var open = new HashSet<String>();
      byKey.forEach(
          (key, streams) -> {
            if (streams.stream().anyMatch(stream -> stream.isChecked(interval))) open.add(key);
          });
      if (open.isEmpty()) return;
      keys.among(open).forEach(this::end);
    } catch (RuntimeException why) {
      // The streams stay open: an outage of the database must not close them.
      LOG.warn("cannot look up revoked keys; the next attempt follows: {}", why.toString());
    }
  }

  private void end(String keyId, KeyEnd reason) {
    var streams =
        byKey.getOrDefault(keyId, Set.of()).stream()
            .filter(stream -> reason == KeyEnd.SUSPENDED || !stream.unary)
            .toList();
    if (streams.isEmpty()) return;
    LOG.info("key={} event=streams_ended streams={} reason={}", keyId, streams.size(), reason);
    var why = error(reason);
    streams.forEach(stream -> stream.end(why));
  }

  private static ApiError error(KeyEnd reason) {
    return switch (reason) {
      case INVALID -> ApiError.keyEnded();
      case SUSPENDED -> ApiError.organizationSuspended();
    };
  }

  private static final class Stream<Q, A> extends EndableCall<Q, A> {
    private final String keyId;
    private final boolean unary;
    private final long since = System.nanoTime();
    private volatile ServerCall.@Nullable Listener<Q> service;

    Stream(ServerCall<Q, A> call, String keyId) {
      super(call);
      this.keyId = keyId;
      this.unary = call.getMethodDescriptor().getType() == MethodType.UNARY;
    }

    boolean isChecked(Duration interval) {
      return !unary || System.nanoTime() - since > interval.toNanos();
    }

    @Override
    public void end(ApiError why) {
      super.end(why);
      // The transport reports to the service that the call is complete, not that it was cancelled.
      var listener = service;
      if (listener != null && !unary) listener.onCancel();
    }
  }

  @Override
  public void close() {
    timer.close();
  }
}
