/**
 * Streams of states: newest first, conflated for slow readers. Knows no rule of an instance's life.
 */
@NullMarked
package dev.chowder.server.watch;

import org.jspecify.annotations.NullMarked;
