/** Tests of sandboxes and their drivers. */
@NullMarked
package dev.chowder.simulator;

import org.jspecify.annotations.NullMarked;
