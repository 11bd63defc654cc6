package dev.chowder.instance;

import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;

/** Where an instance writes what others may read of it. */
@FunctionalInterface
public interface InstanceReadSide {
  /**
   * Stores the view unless a newer one is there; ends when it can be read.
   *
   * @param labelsToo whether its labels may differ from those that were stored last
   */
  CompletionStage<Done> store(InstanceView view, boolean labelsToo);
}
