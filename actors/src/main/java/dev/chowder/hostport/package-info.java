/**
 * Opens the ports of the sandbox host that operators listed and agents use. Does not know which
 * program listens on a port, nor how the engine forwards it.
 */
@NullMarked
package dev.chowder.hostport;

import org.jspecify.annotations.NullMarked;
