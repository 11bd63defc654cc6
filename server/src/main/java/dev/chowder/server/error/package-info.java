/**
 * Converts errors to what callers receive: gRPC status, error details and the HTTP status that
 * Envoy returns. Ends calls with errors, and runs actions at the end of calls.
 */
@NullMarked
package dev.chowder.server.error;

import org.jspecify.annotations.NullMarked;
