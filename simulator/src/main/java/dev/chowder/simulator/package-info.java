/**
 * Simulated sandboxes, for tests of all layers above the engine. There is no container, but the
 * contract is the same, with delays and faults on request.
 */
@NullMarked
package dev.chowder.simulator;

import org.jspecify.annotations.NullMarked;
