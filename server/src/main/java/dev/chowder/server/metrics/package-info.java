/** Registers metrics. Does not know what to do about their values. */
@NullMarked
package dev.chowder.server.metrics;

import org.jspecify.annotations.NullMarked;
