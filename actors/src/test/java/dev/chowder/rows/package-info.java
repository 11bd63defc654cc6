/** How read rows are kept true, on real databases. */
@NullMarked
package dev.chowder.rows;

import org.jspecify.annotations.NullMarked;
