/** The command line {@code chowder}: the root command and its start. */
@NullMarked
package dev.chowder.cli;

import org.jspecify.annotations.NullMarked;
