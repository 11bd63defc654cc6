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
 * Writes the views of one entity to the read side, one at a time. If several views wait for a
 * running write, only the newest is written, since it would replace the others at once. A failed
 * write does not block later ones and is retried after 5 s. Used by the thread of one actor. Does
 * not know the content of a view.
 */
public final class ViewWriter<V> {
  private static final Logger LOG = LoggerFactory.getLogger(ViewWriter.class);
  private static final long RETRY_SECONDS = 5;

  private final String entity;
  private final ToIntFunction<V> revision;
  private final Function<V, CompletionStage<Done>> write;
  private final Runnable retry;
  private CompletionStage<Done> stored = CompletableFuture.completedFuture(Done.done());
  private @Nullable Waiting<V> waiting;

  /** The revision that is known to be stored; 0 after a failure. */
  private volatile int storedRevision;

  /**
   * Creates a writer for one entity.
   *
   * @param entity the entity's name in the log, such as {@code instance=ID}
   * @param write stores a view, unless the stored view is newer; never runs concurrently
   * @param retry runs on another thread 5 s after a failure, and makes the entity store its view
   *     again
   */
  public ViewWriter(
      String entity,
      ToIntFunction<V> revision,
      Function<V, CompletionStage<Done>> write,
      Runnable retry) {
    this.entity = entity;
    this.revision = revision;
    this.write = write;
    this.retry = retry;
  }

  /** Stores the view, unless a newer one replaces it while it waits. */
  public void store(V view) {
    if (waiting != null && waiting.replace(view)) return;
    var next = new Waiting<>(view);
    waiting = next;
    stored =
        stored
            .thenCompose(_ -> write(next.take()))
            .exceptionally(
                why -> {
                  // The write did not even start, for example while the node stops. The steps that
                  // wait must still run.
                  LOG.warn("{} view not stored: {}", entity, why.toString());
                  return Done.done();
                });
  }

  /** Stores the view, unless this revision is known to be stored. */
  public void storeIfUnconfirmed(V view) {
    if (storedRevision != revision.applyAsInt(view)) store(view);
  }

  /** Runs {@code before} after all waiting writes, then stores the view in a write of its own. */
  public void storeAfter(Runnable before, V view) {
    afterStored(before);
    // A view that already waits is written before that, so it must not be replaced by this one.
    waiting = null;
    store(view);
  }

  /** Returns whether this view or a newer one is known to be stored. */
  public boolean isStored(V view) {
    return storedRevision >= revision.applyAsInt(view);
  }

  /** Runs the step after all previous writes, whether or not they succeeded. */
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
              storedRevision = why == null ? revision.applyAsInt(view) : 0;
              if (why != null) failed(view, why);
              return Done.done();
            });
  }

  private void failed(V view, Throwable why) {
    LOG.warn(
        "{} revision={} view not stored: {}", entity, revision.applyAsInt(view), why.toString());
    CompletableFuture.delayedExecutor(RETRY_SECONDS, TimeUnit.SECONDS).execute(retry);
  }

  /** A view that waits for a running write. */
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
