/**
 * Calls that a caller may repeat without doing anything twice: the header, the row in the database,
 * and the answer that is given again. Knows no RPC by name.
 */
@NullMarked
package dev.chowder.server.idempotency;

import org.jspecify.annotations.NullMarked;
