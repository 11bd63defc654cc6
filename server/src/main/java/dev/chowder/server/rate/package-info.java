/**
 * Limits how much of a node one organization uses: calls and bytes for each second, and permits
 * that organizations share. Does not know interceptors other than its own.
 */
@NullMarked
package dev.chowder.server.rate;

import org.jspecify.annotations.NullMarked;
