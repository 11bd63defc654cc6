/** The edge as callers meet it: a real Envoy in front of the real chain of interceptors. */
@NullMarked
package dev.chowder.server.edge;

import org.jspecify.annotations.NullMarked;
