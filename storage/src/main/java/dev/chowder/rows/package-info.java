/** Keeps read-model rows consistent with the journal. Does not know instances or organizations. */
@NullMarked
package dev.chowder.rows;

import org.jspecify.annotations.NullMarked;
