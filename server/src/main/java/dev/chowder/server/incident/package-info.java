/** Implements operators' responses to abuse or a leak: suspend, delete, stop and revoke. */
@NullMarked
package dev.chowder.server.incident;

import org.jspecify.annotations.NullMarked;
