/**
 * The benches of {@code scripts/bench}. They start an installation with the scripts of operators,
 * and measure it as its clients. They use public interfaces, except that a large fleet is written
 * in the journal's format.
 */
@NullMarked
package dev.chowder.bench;

import org.jspecify.annotations.NullMarked;
