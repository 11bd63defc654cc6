/**
 * Holds what all aggregates share: the mark of messages that cross nodes, ids, and the texts of
 * errors. Does not know any aggregate.
 */
@NullMarked
package dev.chowder.actor;

import org.jspecify.annotations.NullMarked;
