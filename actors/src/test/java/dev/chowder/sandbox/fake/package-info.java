/** Tests of sandboxes and their drivers. */
@NullMarked
package dev.chowder.sandbox.fake;

import org.jspecify.annotations.NullMarked;
