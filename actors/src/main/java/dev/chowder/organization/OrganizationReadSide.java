package dev.chowder.organization;

import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;

/** Stores the views of organizations for readers. */
@FunctionalInterface
public interface OrganizationReadSide {
  /** Stores the view unless a newer one is stored. Completes when readers can see it. */
  CompletionStage<Done> store(OrganizationView view);
}
