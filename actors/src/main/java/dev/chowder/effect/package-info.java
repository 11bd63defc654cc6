/**
 * Performs the pending effects of instances: threads and deadlines, and the stages on the way to a
 * running gateway. Does not know how an instance reached its state, and does not compare instances
 * with the sandbox host.
 */
@NullMarked
package dev.chowder.effect;

import org.jspecify.annotations.NullMarked;
