/**
 * The parts that commands of all nouns share, and the commands that concern the command line
 * itself.
 */
@NullMarked
package dev.chowder.cli.command;

import org.jspecify.annotations.NullMarked;
