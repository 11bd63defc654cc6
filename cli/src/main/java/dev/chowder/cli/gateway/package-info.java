/** The commands that concern the gateway of an agent. */
@NullMarked
package dev.chowder.cli.gateway;

import org.jspecify.annotations.NullMarked;
