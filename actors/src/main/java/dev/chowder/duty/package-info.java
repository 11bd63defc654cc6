/**
 * Starts the duties that one node performs for the whole cluster. Does not know how they are
 * performed.
 */
@NullMarked
package dev.chowder.duty;

import org.jspecify.annotations.NullMarked;
