package dev.chowder.startup;

import java.io.IOException;

/**
 * A step of the start of a node. It receives the results of earlier steps in its constructor, so
 * the compiler checks their order.
 *
 * @param <T> the started parts, for later steps
 */
@FunctionalInterface
public interface StartupStep<T> {
  /**
   * Starts the parts of this step.
   *
   * @param startup receives each started part that must be closed, in the order of the start; if
   *     the step fails, those parts are closed, too
   */
  T start(Startup startup) throws IOException;
}
