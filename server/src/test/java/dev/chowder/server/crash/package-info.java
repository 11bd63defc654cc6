/**
 * Tests the server as the operating system sees it: a process that may die at any moment and is
 * started again. Sandboxes are simulated and outlive it, as containers would.
 */
@NullMarked
package dev.chowder.server.crash;

import org.jspecify.annotations.NullMarked;
