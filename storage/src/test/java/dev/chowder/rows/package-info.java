/** Tests of the repair and rebuild of rows, on real databases. */
@NullMarked
package dev.chowder.rows;

import org.jspecify.annotations.NullMarked;
