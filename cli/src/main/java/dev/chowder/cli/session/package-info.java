/** The commands that concern the conversations of an agent. */
@NullMarked
package dev.chowder.cli.session;

import org.jspecify.annotations.NullMarked;
