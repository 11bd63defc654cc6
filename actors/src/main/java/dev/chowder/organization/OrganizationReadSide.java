package dev.chowder.organization;

import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;

/** Where an organization writes what others may read of it. */
@FunctionalInterface
public interface OrganizationReadSide {
  /** Stores the view unless a newer one is there; ends when it can be read. */
  CompletionStage<Done> store(OrganizationView view);
}
