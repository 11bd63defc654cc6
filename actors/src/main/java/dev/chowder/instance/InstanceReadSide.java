package dev.chowder.instance;

import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;

/** Stores the views of instances for queries. */
@FunctionalInterface
public interface InstanceReadSide {
  /**
   * Stores the view, unless a newer one is stored. Completes when the view can be read.
   *
   * @param labelsToo whether the view's labels, or its position in lists, may differ from the
   *     stored ones
   */
  CompletionStage<Done> store(InstanceView view, boolean labelsToo);
}
