/** Tests the edge as callers see it: a real Envoy in front of the real interceptors. */
@NullMarked
package dev.chowder.server.edge;

import org.jspecify.annotations.NullMarked;
