/** The commands that concern the skills of an agent. */
@NullMarked
package dev.chowder.cli.skill;

import org.jspecify.annotations.NullMarked;
