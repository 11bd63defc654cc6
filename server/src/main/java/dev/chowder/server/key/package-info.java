/** {@code KeyService}: scoped keys, made, listed and ended. Knows no other service. */
@NullMarked
package dev.chowder.server.key;

import org.jspecify.annotations.NullMarked;
