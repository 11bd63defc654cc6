/** The commands that concern scoped keys. */
@NullMarked
package dev.chowder.cli.key;

import org.jspecify.annotations.NullMarked;
