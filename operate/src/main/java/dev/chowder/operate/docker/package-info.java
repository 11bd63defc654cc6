/** Makes sure that a Docker Engine and the sandbox image are there. Does not know sandboxes. */
@NullMarked
package dev.chowder.operate.docker;

import org.jspecify.annotations.NullMarked;
