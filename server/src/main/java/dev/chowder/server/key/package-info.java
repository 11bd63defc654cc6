/** Serves {@code KeyService}: creates, lists and revokes scoped keys. */
@NullMarked
package dev.chowder.server.key;

import org.jspecify.annotations.NullMarked;
