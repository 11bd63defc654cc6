/** Streams of states. Slow readers skip older states. Does not know the rules of the lifecycle. */
@NullMarked
package dev.chowder.server.watch;

import org.jspecify.annotations.NullMarked;
