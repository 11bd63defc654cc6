/**
 * Swap for sleeping agents: a zram device if the host has no swap, and a swap file if the operator
 * permits one. Does not know agents.
 */
@NullMarked
package dev.chowder.operate.swap;

import org.jspecify.annotations.NullMarked;
