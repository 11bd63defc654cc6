/**
 * Runs the steps of a check in a process of its own, where JUnit does not run. Does not know what
 * is checked.
 */
@NullMarked
package dev.chowder.checks.guest;

import org.jspecify.annotations.NullMarked;
