/** Runs the private PostgreSQL of an installation. Does not know its tables. */
@NullMarked
package dev.chowder.operate.database;

import org.jspecify.annotations.NullMarked;
