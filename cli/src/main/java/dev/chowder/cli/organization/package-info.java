/** The commands that concern the organization of the key. */
@NullMarked
package dev.chowder.cli.organization;

import org.jspecify.annotations.NullMarked;
