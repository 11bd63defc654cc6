/** Starts, awaits and stops supervised background processes. Does not know what they do. */
@NullMarked
package dev.chowder.operate.process;

import org.jspecify.annotations.NullMarked;
