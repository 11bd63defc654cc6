/** Tests of sandboxes and their engines. */
@NullMarked
package dev.chowder.sandbox.docker;

import org.jspecify.annotations.NullMarked;
