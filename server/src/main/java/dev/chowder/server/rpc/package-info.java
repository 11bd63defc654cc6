/** The facts that the protocol declares about each RPC. Does not know calls or callers. */
@NullMarked
package dev.chowder.server.rpc;

import org.jspecify.annotations.NullMarked;
