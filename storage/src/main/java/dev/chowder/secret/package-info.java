/** Secret values: their type, their encryption and the table that stores them. */
@NullMarked
package dev.chowder.secret;

import org.jspecify.annotations.NullMarked;
