package dev.chowder.instance;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.Done;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the views of one instance to the read side, one after another. Of those that wait while
 * another one is being written only the newest is: nobody could have read the others. A failure
 * holds nothing back and is made good soon. For one actor's thread.
 */
final class InstanceViewWriter {
  private static final Logger LOG = LoggerFactory.getLogger(InstanceViewWriter.class);
  private static final long AGAIN_SECONDS = 5;

  private final InstanceReadSide readSide;
  private final Runnable again;
  private CompletionStage<Done> stored = CompletableFuture.completedFuture(Done.done());
  private @Nullable Waiting waiting;

  /** What is known to be there; empty after a failure. */
  private volatile Optional<Map<String, String>> labelsThere = Optional.empty();

  private volatile int revisionThere;

  /**
   * Makes one.
   *
   * @param again is run a while after a failure, by another thread, and has the view stored again
   */
  InstanceViewWriter(InstanceReadSide readSide, Runnable again) {
    this.readSide = readSide;
    this.again = again;
  }

  void store(InstanceView view) {
    if (waiting != null && waiting.replace(view)) return;
    var next = new Waiting(view);
    waiting = next;
    stored =
        stored
            .thenCompose(_ -> write(next.take()))
            .exceptionally(
                why -> {
                  // Not even begun, as by a node that ends: whoever waits must hear of it all the
                  // same.
                  LOG.warn("instance={} view not stored: {}", view.id(), why.toString());
                  return Done.done();
                });
  }

  /** The same, unless it is known to be there. */
  void storeIfUnsure(InstanceView view) {
    if (revisionThere != view.revision()) store(view);
  }

  /** The same with everything that belongs to it, whatever is believed to be there. */
  void storeAnew(InstanceView view) {
    afterStored(() -> labelsThere = Optional.empty());
    // What waits already would be written before that.
    waiting = null;
    store(view);
  }

  /** Whether it, or a newer one, is known to be there. */
  boolean isStored(InstanceView view) {
    return revisionThere >= view.revision();
  }

  /** Runs the step when everything so far is stored, or could not be. */
  void afterStored(Runnable step) {
    stored =
        stored.thenApply(
            done -> {
              step.run();
              return done;
            });
  }

  private CompletionStage<Done> write(InstanceView view) {
    Map<String, String> labels = view.isTerminated() ? Map.of() : view.profile().labels();
    boolean labelsToo = !labelsThere.equals(Optional.of(labels));
    return readSide
        .store(view, labelsToo)
        .handle(
            (done, why) -> {
              labelsThere = why == null ? Optional.of(labels) : Optional.empty();
              revisionThere = why == null ? view.revision() : 0;
              if (why != null) failed(view, why);
              return Done.done();
            });
  }

  private void failed(InstanceView view, Throwable why) {
    LOG.warn(
        "instance={} revision={} view not stored: {}", view.id(), view.revision(), why.toString());
    CompletableFuture.delayedExecutor(AGAIN_SECONDS, TimeUnit.SECONDS).execute(again);
  }

  /** A view whose turn it is not yet. */
  private static final class Waiting {
    private InstanceView view;
    private boolean taken;

    Waiting(InstanceView view) {
      this.view = view;
    }

    synchronized boolean replace(InstanceView newer) {
      if (taken) return false;
      view = newer;
      return true;
    }

    synchronized InstanceView take() {
      taken = true;
      return view;
    }
  }
}
