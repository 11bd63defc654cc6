/** Tests of streams to watchers, without a network. */
@NullMarked
package dev.chowder.server.watch;

import org.jspecify.annotations.NullMarked;
