package dev.chowder.instance;

import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;

/** Where an instance writes what others may read of it. */
@FunctionalInterface
public interface InstanceReadSide {
  /** Stores the view unless a newer one is there; ends when it can be read. */
  CompletionStage<Done> store(InstanceView view);
}
