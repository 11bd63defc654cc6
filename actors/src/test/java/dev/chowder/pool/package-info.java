/** Tests of the number of pool members. */
@NullMarked
package dev.chowder.pool;

import org.jspecify.annotations.NullMarked;
