/** Keeps the read rows true to the journal. Knows neither instances nor organizations. */
@NullMarked
package dev.chowder.rows;

import org.jspecify.annotations.NullMarked;
