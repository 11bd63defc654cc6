/** Tests of sandboxes and their engines. */
@NullMarked
package dev.chowder.sandbox;

import org.jspecify.annotations.NullMarked;
