/** Starts Envoy, and restarts it if its configuration changed. */
@NullMarked
package dev.chowder.operate.edge;

import org.jspecify.annotations.NullMarked;
