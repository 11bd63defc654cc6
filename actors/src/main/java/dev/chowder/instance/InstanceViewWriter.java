package dev.chowder.instance;

import dev.chowder.actor.ViewWriter;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;

/**
 * Writes the views of one instance to the read side. Writes labels only if they may differ from the
 * stored ones. Used by the thread of one actor.
 */
final class InstanceViewWriter {
  private final InstanceReadSide readSide;
  private final ViewWriter<InstanceView> views;

  /** The labels that are known to be stored; empty after a failure. */
  private volatile Optional<StoredLabels> storedLabels = Optional.empty();

  /**
   * What the read side stores as labels.
   *
   * @param position the instance's position in lists, which is stored with each label; empty if
   *     there are none
   */
  private record StoredLabels(String position, Map<String, String> labels) {
    static final StoredLabels NONE = new StoredLabels("", Map.of());

    static StoredLabels of(InstanceView view) {
      var labels = view.profile().labels();
      if (view.isTerminated() || labels.isEmpty()) return NONE;
      return new StoredLabels(InstanceReadRows.position(view), labels);
    }
  }

  /**
   * Creates a writer for one instance.
   *
   * @param retry runs on another thread 5 s after a failure, and makes the instance store its view
   *     again
   */
  InstanceViewWriter(InstanceId id, InstanceReadSide readSide, Runnable retry) {
    this.readSide = readSide;
    this.views = new ViewWriter<>("instance=" + id, InstanceView::revision, this::write, retry);
  }

  /** Records that nothing is stored yet, since the instance has no events. */
  void nothingStored() {
    storedLabels = Optional.of(StoredLabels.NONE);
  }

  void store(InstanceView view) {
    views.store(view);
  }

  /** Stores the view, unless this revision is known to be stored. */
  void storeIfUnconfirmed(InstanceView view) {
    views.storeIfUnconfirmed(view);
  }

  /** Stores the view with its labels, even if both are known to be stored. */
  void rewrite(InstanceView view) {
    views.storeAfter(() -> storedLabels = Optional.empty(), view);
  }

  /** Returns whether this view or a newer one is known to be stored. */
  boolean isStored(InstanceView view) {
    return views.isStored(view);
  }

  /** Runs the step after all previous writes, whether or not they succeeded. */
  void afterStored(Runnable step) {
    views.afterStored(step);
  }

  private CompletionStage<Done> write(InstanceView view) {
    var labels = StoredLabels.of(view);
    boolean labelsToo = !storedLabels.equals(Optional.of(labels));
    return readSide
        .store(view, labelsToo)
        .whenComplete(
            (_, why) -> storedLabels = why == null ? Optional.of(labels) : Optional.empty());
  }
}
