/** Runs three nodes as processes, on a real PostgreSQL and behind a real Envoy. */
@NullMarked
package dev.chowder.server.cluster;

import org.jspecify.annotations.NullMarked;
