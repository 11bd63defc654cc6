/** The command line of operators. Does not know what a command does. */
@NullMarked
package dev.chowder.admin;

import org.jspecify.annotations.NullMarked;
