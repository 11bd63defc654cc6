package dev.chowder.instance;

import dev.chowder.actor.ViewWriter;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;

/**
 * Writes the views of one instance to the read side, and their labels only where they may differ
 * from those that are there. For one actor's thread.
 */
final class InstanceViewWriter {
  private final InstanceReadSide readSide;
  private final ViewWriter<InstanceView> views;

  /** What is known to be there; empty after a failure. */
  private volatile Optional<Map<String, String>> labelsThere = Optional.empty();

  /**
   * Makes one.
   *
   * @param again is run a while after a failure, by another thread, and has the view stored again
   */
  InstanceViewWriter(InstanceId id, InstanceReadSide readSide, Runnable again) {
    this.readSide = readSide;
    this.views = new ViewWriter<>("instance=" + id, InstanceView::revision, this::write, again);
  }

  void store(InstanceView view) {
    views.store(view);
  }

  /** The same, unless it is known to be there. */
  void storeIfUnsure(InstanceView view) {
    views.storeIfUnsure(view);
  }

  /** The same with everything that belongs to it, whatever is believed to be there. */
  void storeAnew(InstanceView view) {
    views.storeAfter(() -> labelsThere = Optional.empty(), view);
  }

  /** Whether it, or a newer one, is known to be there. */
  boolean isStored(InstanceView view) {
    return views.isStored(view);
  }

  /** Runs the step when everything so far is stored, or could not be. */
  void afterStored(Runnable step) {
    views.afterStored(step);
  }

  private CompletionStage<Done> write(InstanceView view) {
    Map<String, String> labels = view.isTerminated() ? Map.of() : view.profile().labels();
    boolean labelsToo = !labelsThere.equals(Optional.of(labels));
    return readSide
        .store(view, labelsToo)
        .whenComplete(
            (_, why) -> labelsThere = why == null ? Optional.of(labels) : Optional.empty());
  }
}
