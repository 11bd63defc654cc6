package dev.chowder.server.watch;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances.Watching;
import dev.chowder.server.call.DrainSignal;
import dev.chowder.server.call.DrainSignal.Waiting;
import dev.chowder.server.error.ApiError;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Streams the states of one instance to one watcher. Holds only the newest state that is not sent,
 * so a slow reader costs one message of memory. It may miss older revisions, but never the newest.
 *
 * @param <T> type of the message that the watcher gets
 */
public final class WatchStream<T> {
  private final ServerCallStreamObserver<T> out;
  private final Function<InstanceView, T> present;
  private final Function<InstanceReply.Refused, ApiError> error;
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
   * Creates a stream, which {@link #begin} starts.
   *
   * @param afterRevision the newest revision that the watcher has; the stream starts with a later
   *     one
   */
  public WatchStream(
      ServerCallStreamObserver<T> out,
      Function<InstanceView, T> present,
      Function<InstanceReply.Refused, ApiError> error,
      Optional<Integer> afterRevision) {
    this.out = out;
    this.present = present;
    this.error = error;
    this.afterRevision = afterRevision;
    this.sentRevision = afterRevision.orElse(0);
  }

  /** Starts the stream. Call it before the call's handler returns, since gRPC requires that. */
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

  /** Ends the stream with the revision from which another node can continue. */
  private void leave() {
    synchronized (this) {
      failure =
          ApiError.of(
              Reason.SERVER_UNAVAILABLE,
              cannot(
                  "continue the watch",
                  "this node is shutting down",
                  "open it again with after_revision " + sentRevision));
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
          // Replies can arrive out of order when an instance moves to another node.
          if (known || view.revision() < newestRevision) return;
          newest = view;
          newestRevision = view.revision();
        }
        case InstanceReply.Refused refused -> failure = error.apply(refused);
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
      // If this method threw it, its caller would stop, and the watcher would wait forever.
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
}
