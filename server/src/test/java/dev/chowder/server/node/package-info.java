/** Runs a node in the test's own process, on simulated sandboxes whose host can be made to fail. */
@NullMarked
package dev.chowder.server.node;

import org.jspecify.annotations.NullMarked;
