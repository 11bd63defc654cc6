/**
 * What OpenClaw wants: its files, its command line, its HTTP endpoints. Knows no instance and no
 * container.
 */
@NullMarked
package dev.chowder.openclaw;

import org.jspecify.annotations.NullMarked;
