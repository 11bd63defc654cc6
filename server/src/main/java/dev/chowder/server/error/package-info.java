/**
 * Converts errors to what callers receive: gRPC status, error details and the HTTP status that
 * Envoy returns.
 */
@NullMarked
package dev.chowder.server.error;

import org.jspecify.annotations.NullMarked;
