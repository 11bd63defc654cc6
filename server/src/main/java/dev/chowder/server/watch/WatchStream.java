package dev.chowder.server.watch;

import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances.Watching;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.stream.DrainSignal;
import dev.chowder.server.stream.Sink;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
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
  private final Sink<T> sink;
  private final Function<InstanceView, T> present;
  private final Function<InstanceReply.Refused, ApiError> error;
  private final Optional<Integer> afterRevision;
  private final AtomicReference<@Nullable InstanceView> newest = new AtomicReference<>();
  private volatile int sentRevision;

  // Used by the instance's replies only, of which one arrives at a time.
  private boolean first = true;
  private int newestRevision;

  /**
   * Creates a stream, which {@link #begin} starts. Call it on the call's own thread.
   *
   * @param present may block
   * @param afterRevision the newest revision that the watcher has; the stream starts with a later
   *     one
   */
  public WatchStream(
      ServerCallStreamObserver<T> out,
      Function<InstanceView, T> present,
      Function<InstanceReply.Refused, ApiError> error,
      Optional<Integer> afterRevision) {
    this.sink = new Sink<>(out);
    this.present = present;
    this.error = error;
    this.afterRevision = afterRevision;
    this.sentRevision = afterRevision.orElse(0);
  }

  /** Streams until the instance is terminated, the watcher disconnects, or the node drains. */
  public void begin(Function<Consumer<InstanceReply>, Watching> watch, DrainSignal node) {
    sink.run(
        "watch",
        node,
        this::nodeStops,
        () -> {
          try (var _ = watch.apply(this::onReply)) {
            sendAll();
          }
        });
  }

  private void sendAll() {
    while (true) {
      // In this order, so that a slow reader gets the state that is the newest when it has room.
      sink.awaitRoom();
      sink.await(() -> newest.get() != null);
      var view = newest.getAndSet(null);
      if (view == null) continue;
      sink.send(present.apply(view), () -> sentRevision = view.revision());
      if (view.isTerminated()) return;
    }
  }

  /** Runs on an actor's thread, so it must not block. */
  private void onReply(InstanceReply reply) {
    switch (reply) {
      case InstanceReply.Accepted(var view) -> {
        boolean known =
            first
                && !view.isTerminated()
                && afterRevision.filter(r -> r >= view.revision()).isPresent();
        first = false;
        // Replies can arrive out of order when an instance moves to another node.
        sink.begin();
        if (known || view.revision() < newestRevision) return;
        newestRevision = view.revision();
        newest.set(view);
        sink.wake();
      }
      case InstanceReply.Refused refused -> sink.fail(error.apply(refused));
      case InstanceReply.Done() -> {}
    }
  }

  /** Names the revision from which another node can continue. */
  private ApiError nodeStops() {
    return ApiError.nodeStops(
        "continue the watch", "open it again with after_revision " + sentRevision);
  }
}
