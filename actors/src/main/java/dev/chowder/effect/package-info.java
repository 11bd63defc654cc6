/**
 * Does what instances owe: threads and deadlines, the steps towards a running gateway, and the
 * sweeps behind both. Knows nothing of how a state came to be.
 */
@NullMarked
package dev.chowder.effect;

import org.jspecify.annotations.NullMarked;
