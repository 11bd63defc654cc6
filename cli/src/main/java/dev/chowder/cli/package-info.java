/** The command line {@code chowder}: its start, and the list of its commands. */
@NullMarked
package dev.chowder.cli;

import org.jspecify.annotations.NullMarked;
