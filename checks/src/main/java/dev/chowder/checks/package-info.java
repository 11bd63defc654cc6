/** The project's files and caches, as checks need them. Does not know what is checked. */
@NullMarked
package dev.chowder.checks;

import org.jspecify.annotations.NullMarked;
