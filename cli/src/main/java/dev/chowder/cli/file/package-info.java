/** The commands that concern the files of an agent. */
@NullMarked
package dev.chowder.cli.file;

import org.jspecify.annotations.NullMarked;
