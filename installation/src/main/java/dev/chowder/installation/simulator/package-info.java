/** Runs the simulator: an engine without containers, for tests and benches. */
@NullMarked
package dev.chowder.installation.simulator;

import org.jspecify.annotations.NullMarked;
