/**
 * The instance aggregate: its rules, its actor, and the work that its states owe the outside world.
 * Knows nothing of gRPC and of how a sandbox is run.
 */
@NullMarked
package dev.chowder.instance;

import org.jspecify.annotations.NullMarked;
