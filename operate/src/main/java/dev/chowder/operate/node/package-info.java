/** Starts the nodes of an installation, and restarts those whose code or settings changed. */
@NullMarked
package dev.chowder.operate.node;

import org.jspecify.annotations.NullMarked;
