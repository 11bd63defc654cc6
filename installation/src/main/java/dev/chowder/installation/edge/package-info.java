/** Starts Envoy, and restarts it if its configuration changed. */
@NullMarked
package dev.chowder.installation.edge;

import org.jspecify.annotations.NullMarked;
