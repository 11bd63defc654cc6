/**
 * A whole installation as its users meet it: REST through Envoy, gRPC, Docker's command line from
 * outside. Nothing of the server's code is used here but its public protocol.
 */
@NullMarked
package dev.chowder.e2e;

import org.jspecify.annotations.NullMarked;
