/**
 * All commands for the operator of a machine: {@code up}, {@code down} and {@code admin}, and how
 * they are run. Each other package does one part of the work.
 */
@NullMarked
package dev.chowder.operate;

import org.jspecify.annotations.NullMarked;
