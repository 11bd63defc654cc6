/**
 * The types that all aggregates share, such as ids, the marker of messages between nodes, and the
 * texts of errors. Does not know any aggregate.
 */
@NullMarked
package dev.chowder.actor;

import org.jspecify.annotations.NullMarked;
