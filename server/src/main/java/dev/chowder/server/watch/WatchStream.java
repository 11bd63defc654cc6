package dev.chowder.server.watch;

import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances.Watching;
import dev.chowder.server.call.DrainSignal;
import dev.chowder.server.call.DrainSignal.Waiting;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One watcher's stream: holds at most the newest state that was not sent yet, so a slow reader
 * costs one message of memory and misses revisions in between, never the newest.
 *
 * @param <T> the message that the watcher gets
 */
public final class WatchStream<T> {
  private final ServerCallStreamObserver<T> out;
  private final Function<InstanceView, T> present;
  private final Function<InstanceReply.Refused, ApiError> refuse;
  private final Optional<Integer> afterRevision;

  private @Nullable InstanceView newest;
  private int newestRevision;
  private int sentRevision;
  private @Nullable ApiError failure;
  private boolean first = true;
  private boolean done;
  private @Nullable Watching watching;
  private @Nullable Waiting drain;

  /**
   * Prepares a stream; {@link #begin} starts it.
   *
   * @param afterRevision the newest revision that the watcher has: it is not sent once more at the
   *     beginning
   */
  public WatchStream(
      ServerCallStreamObserver<T> out,
      Function<InstanceView, T> present,
      Function<InstanceReply.Refused, ApiError> refuse,
      Optional<Integer> afterRevision) {
    this.out = out;
    this.present = present;
    this.refuse = refuse;
    this.afterRevision = afterRevision;
    this.sentRevision = afterRevision.orElse(0);
  }

  /** Must be called before the call's handler returns: gRPC takes handlers only until then. */
  public void begin(Function<Consumer<InstanceReply>, Watching> watch, DrainSignal node) {
    out.setOnReadyHandler(this::drain);
    out.setOnCancelHandler(this::end);
    out.setOnCloseHandler(this::end);
    var started = watch.apply(this::onReply);
    var leaves = node.onDrain(this::leave);
    synchronized (this) {
      watching = started;
      drain = leaves;
      if (done) end();
    }
  }

  /** Another node goes on from the revision that was sent last. */
  private void leave() {
    synchronized (this) {
      failure =
          ApiError.of(
              Reason.SERVER_UNAVAILABLE,
              "watch: this node ends (expected: the same watch again, after_revision "
                  + sentRevision
                  + ")");
    }
    drain();
  }

  private void onReply(InstanceReply reply) {
    synchronized (this) {
      switch (reply) {
        case InstanceReply.Accepted(var view) -> {
          boolean known =
              first
                  && !view.isTerminated()
                  && afterRevision.filter(r -> r >= view.revision()).isPresent();
          first = false;
          // Answers can overtake one another when an instance moves; what is older is no news.
          if (known || view.revision() < newestRevision) return;
          newest = view;
          newestRevision = view.revision();
        }
        case InstanceReply.Refused refused -> failure = refuse.apply(refused);
        case InstanceReply.Done() -> {
          return;
        }
      }
    }
    drain();
  }

  private synchronized void drain() {
    if (done) return;
    if (failure != null) {
      end();
      out.onError(failure);
      return;
    }
    var view = newest;
    if (view == null || !out.isReady()) return;
    T shown;
    try {
      shown = present.apply(view);
    } catch (RuntimeException why) {
      // Whoever called would die of it, and the watcher would wait for ever.
      end();
      out.onError(why);
      return;
    }
    newest = null;
    sentRevision = view.revision();
    out.onNext(shown);
    if (view.isTerminated()) {
      end();
      out.onCompleted();
    }
  }

  private synchronized void end() {
    done = true;
    newest = null;
    if (watching != null) watching.close();
    if (drain != null) drain.close();
  }

  /** What a watcher is told that one instance cannot take. */
  public static ApiError tooMany(int limit) {
    return ApiError.of(
        Reason.RATE_LIMITED, "watches of this instance: " + limit + " (expected: fewer)");
  }
}
