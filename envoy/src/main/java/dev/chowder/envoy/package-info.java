/**
 * Envoy: its configuration for an installation, and the program itself. Starts nothing, and does
 * not know instances.
 */
@NullMarked
package dev.chowder.envoy;

import org.jspecify.annotations.NullMarked;
