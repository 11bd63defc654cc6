/**
 * Freezes stopped gateways, moves them to deeper levels of sleep, and wakes them. Does not know why
 * an instance was stopped, nor the stages of a start.
 */
@NullMarked
package dev.chowder.sleep;

import org.jspecify.annotations.NullMarked;
