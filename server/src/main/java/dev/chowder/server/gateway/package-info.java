/**
 * Connects callers with instances' gateways: forwards messages, and authorizes Envoy's requests for
 * the gateways' public host names. Knows the address of a gateway, but no aggregate.
 */
@NullMarked
package dev.chowder.server.gateway;

import org.jspecify.annotations.NullMarked;
