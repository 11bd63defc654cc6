/**
 * The instance aggregate: its rules, its actor, and the pending effects of its states. Does not
 * know gRPC or how a sandbox runs.
 */
@NullMarked
package dev.chowder.instance;

import org.jspecify.annotations.NullMarked;
