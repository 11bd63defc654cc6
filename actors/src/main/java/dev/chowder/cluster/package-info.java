/**
 * The membership of this process in the cluster of equal nodes. Does not know instances or
 * organizations.
 */
@NullMarked
package dev.chowder.cluster;

import org.jspecify.annotations.NullMarked;
