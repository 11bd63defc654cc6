/**
 * Sandboxes that are only played, for tests of everything above the driver: no container, but the
 * same contract, with delays and faults on request.
 */
@NullMarked
package dev.chowder.sandbox.fake;

import org.jspecify.annotations.NullMarked;
