/**
 * Performs the pending effects of instances: threads and deadlines, the stages on the way to a
 * running gateway, and the reconciliation passes that back up both. Does not know how an instance
 * reached its state.
 */
@NullMarked
package dev.chowder.effect;

import org.jspecify.annotations.NullMarked;
