/**
 * OpenClaw's command line and interfaces. Does not know instances or containers, nor which
 * configuration a caller may set.
 */
@NullMarked
package dev.chowder.openclaw;

import org.jspecify.annotations.NullMarked;
