/** The output of commands: tables, JSON, progress and text of agents. Does not know the API. */
@NullMarked
package dev.chowder.cli.output;

import org.jspecify.annotations.NullMarked;
