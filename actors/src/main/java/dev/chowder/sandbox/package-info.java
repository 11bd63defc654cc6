/**
 * What a sandbox is and what a driver must do for one. Knows nothing of OpenClaw or of instances'
 * states.
 */
@NullMarked
package dev.chowder.sandbox;

import org.jspecify.annotations.NullMarked;
