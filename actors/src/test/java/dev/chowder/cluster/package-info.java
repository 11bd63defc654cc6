/** Tests of cluster membership and its settings. */
@NullMarked
package dev.chowder.cluster;

import org.jspecify.annotations.NullMarked;
