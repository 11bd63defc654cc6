/**
 * The types that all aggregates share, such as the marker of messages between nodes and the
 * serialization of snapshots. Does not know any aggregate.
 */
@NullMarked
package dev.chowder.actor;

import org.jspecify.annotations.NullMarked;
