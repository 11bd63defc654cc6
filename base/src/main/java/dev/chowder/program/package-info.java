/** Runs programs of this machine with a time limit. Does not know what they do. */
@NullMarked
package dev.chowder.program;

import org.jspecify.annotations.NullMarked;
