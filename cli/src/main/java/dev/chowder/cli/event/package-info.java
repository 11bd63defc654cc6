/** The command that shows the history of instances and of the organization. */
@NullMarked
package dev.chowder.cli.event;

import org.jspecify.annotations.NullMarked;
