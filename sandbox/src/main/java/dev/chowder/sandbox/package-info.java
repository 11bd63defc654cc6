/**
 * Sandboxes, and the contract of the engines that run them. Does not know OpenClaw or the states of
 * instances.
 */
@NullMarked
package dev.chowder.sandbox;

import org.jspecify.annotations.NullMarked;
