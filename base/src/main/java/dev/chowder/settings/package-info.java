/**
 * Starts the parts of a node in steps, and closes them in reverse order. Does not know any part.
 */
@NullMarked
package dev.chowder.settings;

import org.jspecify.annotations.NullMarked;
