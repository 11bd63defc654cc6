/**
 * The server as an operating system sees it: a process that may die at any moment and is started
 * again. Sandboxes are played, and outlive it as containers would.
 */
@NullMarked
package dev.chowder.server.crash;

import org.jspecify.annotations.NullMarked;
