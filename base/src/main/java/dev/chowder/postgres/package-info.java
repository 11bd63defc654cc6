/**
 * Installs PostgreSQL and runs a private cluster in its own folder and on its own port, independent
 * of other clusters on the machine. Does not know Chowder's tables.
 */
@NullMarked
package dev.chowder.postgres;

import org.jspecify.annotations.NullMarked;
