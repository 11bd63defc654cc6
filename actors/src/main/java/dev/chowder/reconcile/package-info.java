/**
 * Compares the journal with the sandbox host, the disk and the stored values, and reports each
 * difference to its instance. Does not know how effects are performed, nor which events follow from
 * a report.
 */
@NullMarked
package dev.chowder.reconcile;

import org.jspecify.annotations.NullMarked;
