/** Tests of the facts that the protocol declares about each RPC. */
@NullMarked
package dev.chowder.server.rpc;

import org.jspecify.annotations.NullMarked;
