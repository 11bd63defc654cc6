/** Tests of sandboxes and their engines. */
@NullMarked
package dev.chowder.simulator;

import org.jspecify.annotations.NullMarked;
