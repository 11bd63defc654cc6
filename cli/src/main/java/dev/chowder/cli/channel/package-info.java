/** The commands that concern the chat services of an agent. */
@NullMarked
package dev.chowder.cli.channel;

import org.jspecify.annotations.NullMarked;
