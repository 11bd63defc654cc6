/**
 * Clients that measure a control plane for {@code scripts/bench}. They start no server and use
 * public interfaces, except that a large fleet is written in the journal's format.
 */
@NullMarked
package dev.chowder.bench;

import org.jspecify.annotations.NullMarked;
