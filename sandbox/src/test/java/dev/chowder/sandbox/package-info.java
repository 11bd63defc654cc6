/** Tests of sandboxes and their drivers. */
@NullMarked
package dev.chowder.sandbox;

import org.jspecify.annotations.NullMarked;
