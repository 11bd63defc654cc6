/**
 * The one place where a refusal or a failure becomes what callers see: gRPC status, error details
 * and the HTTP status that Envoy shows.
 */
@NullMarked
package dev.chowder.server.error;

import org.jspecify.annotations.NullMarked;
