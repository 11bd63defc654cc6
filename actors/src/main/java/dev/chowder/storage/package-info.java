/**
 * The database: its connections, its migrations and the read rows. Knows what is stored, not what
 * it means.
 */
@NullMarked
package dev.chowder.storage;

import org.jspecify.annotations.NullMarked;
