/**
 * The database: its connections, migrations and read-model rows. Does not know the meaning of
 * stored values.
 */
@NullMarked
package dev.chowder.storage;

import org.jspecify.annotations.NullMarked;
