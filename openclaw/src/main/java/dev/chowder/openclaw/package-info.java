/** OpenClaw's files, command line and interfaces. Does not know instances or containers. */
@NullMarked
package dev.chowder.openclaw;

import org.jspecify.annotations.NullMarked;
