/** The commands that concern the OpenClaw configuration of an agent. */
@NullMarked
package dev.chowder.cli.config;

import org.jspecify.annotations.NullMarked;
