/** The run of a command. Does not know any command. */
@NullMarked
package dev.chowder.operate.command;

import org.jspecify.annotations.NullMarked;
