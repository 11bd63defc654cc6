/**
 * The ways from a caller to an instance's own gateway: messages, which Chowder forwards, and the
 * gateway's public name, for which Envoy asks here. Knows no aggregate, only where a gateway is.
 */
@NullMarked
package dev.chowder.server.gateway;

import org.jspecify.annotations.NullMarked;
