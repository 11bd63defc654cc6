/** Tests of metrics. */
@NullMarked
package dev.chowder.server.metrics;

import org.jspecify.annotations.NullMarked;
