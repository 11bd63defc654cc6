/** Starts, awaits and stops supervised background processes. Does not know what they do. */
@NullMarked
package dev.chowder.installation.process;

import org.jspecify.annotations.NullMarked;
