/** Checks requests against the rules that the protocol declares for their fields. */
@NullMarked
package dev.chowder.server.rules;

import org.jspecify.annotations.NullMarked;
