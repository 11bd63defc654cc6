/**
 * What all aggregates share: the mark of messages that cross nodes, and ids. Knows no aggregate.
 */
@NullMarked
package dev.chowder.actor;

import org.jspecify.annotations.NullMarked;
