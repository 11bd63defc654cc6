/**
 * Tests a complete installation as its users see it: REST through Envoy, gRPC, and Docker's command
 * line. The tests use only the public protocol of the server.
 */
@NullMarked
package dev.chowder.e2e;

import org.jspecify.annotations.NullMarked;
