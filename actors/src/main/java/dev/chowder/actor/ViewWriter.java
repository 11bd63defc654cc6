package dev.chowder.actor;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.apache.pekko.Done;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the views of one entity to the read side, one after another. Of those that wait while
 * another one is being written only the newest is: nobody could have read the others. A failure
 * holds nothing back and is made good soon. For one actor's thread. Knows nothing of what a view
 * is.
 */
public final class ViewWriter<V> {
  private static final Logger LOG = LoggerFactory.getLogger(ViewWriter.class);
  private static final long AGAIN_SECONDS = 5;

  private final String entity;
  private final ToIntFunction<V> revision;
  private final Function<V, CompletionStage<Done>> write;
  private final Runnable again;
  private CompletionStage<Done> stored = CompletableFuture.completedFuture(Done.done());
  private @Nullable Waiting<V> waiting;

  /** Of the view that is known to be there; 0 after a failure. */
  private volatile int revisionThere;

  /**
   * Makes one.
   *
   * @param entity what it writes for, as the log names it: {@code instance=ID}
   * @param write is never run twice at once; a view that is older than what is there changes
   *     nothing
   * @param again is run a while after a failure, by another thread, and has the view stored again
   */
  public ViewWriter(
      String entity,
      ToIntFunction<V> revision,
      Function<V, CompletionStage<Done>> write,
      Runnable again) {
    this.entity = entity;
    this.revision = revision;
    this.write = write;
    this.again = again;
  }

  public void store(V view) {
    if (waiting != null && waiting.replace(view)) return;
    var next = new Waiting<>(view);
    waiting = next;
    stored =
        stored
            .thenCompose(_ -> write(next.take()))
            .exceptionally(
                why -> {
                  // Not even begun, as by a node that ends: whoever waits must hear of it all the
                  // same.
                  LOG.warn("{} view not stored: {}", entity, why.toString());
                  return Done.done();
                });
  }

  /** The same, unless it is known to be there. */
  public void storeIfUnsure(V view) {
    if (revisionThere != revision.applyAsInt(view)) store(view);
  }

  /** The same in a write that begins after {@code before}, which is run behind all that wait. */
  public void storeAfter(Runnable before, V view) {
    afterStored(before);
    // What waits already is written before that.
    waiting = null;
    store(view);
  }

  /** Whether it, or a newer one, is known to be there. */
  public boolean isStored(V view) {
    return revisionThere >= revision.applyAsInt(view);
  }

  /** Runs the step when everything so far is stored, or could not be. */
  public void afterStored(Runnable step) {
    stored =
        stored.thenApply(
            done -> {
              step.run();
              return done;
            });
  }

  private CompletionStage<Done> write(V view) {
    return write
        .apply(view)
        .handle(
            (done, why) -> {
              revisionThere = why == null ? revision.applyAsInt(view) : 0;
              if (why != null) failed(view, why);
              return Done.done();
            });
  }

  private void failed(V view, Throwable why) {
    LOG.warn(
        "{} revision={} view not stored: {}", entity, revision.applyAsInt(view), why.toString());
    CompletableFuture.delayedExecutor(AGAIN_SECONDS, TimeUnit.SECONDS).execute(again);
  }

  /** A view whose turn it is not yet. */
  private static final class Waiting<V> {
    private V view;
    private boolean taken;

    Waiting(V view) {
      this.view = view;
    }

    synchronized boolean replace(V newer) {
      if (taken) return false;
      view = newer;
      return true;
    }

    synchronized V take() {
      taken = true;
      return view;
    }
  }
}
