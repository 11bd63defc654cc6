/** Values that nobody may see: their type, and the encrypted table that keeps them. */
@NullMarked
package dev.chowder.secret;

import org.jspecify.annotations.NullMarked;
