/** Tests of sandboxes and their drivers. */
@NullMarked
package dev.chowder.sandbox.docker;

import org.jspecify.annotations.NullMarked;
