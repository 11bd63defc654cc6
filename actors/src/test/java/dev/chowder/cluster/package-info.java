/** Tests of what instances owe. */
@NullMarked
package dev.chowder.cluster;

import org.jspecify.annotations.NullMarked;
