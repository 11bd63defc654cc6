/** How a command fails: its exit code and its sentence for the user. Does not know commands. */
@NullMarked
package dev.chowder.cli.failure;

import org.jspecify.annotations.NullMarked;
