/**
 * Idempotency keys: the header, the row in the database, and the stored result. Does not know any
 * RPC by name.
 */
@NullMarked
package dev.chowder.server.idempotency;

import org.jspecify.annotations.NullMarked;
