/**
 * The commands that start, stop and remove an installation on this machine. Each other package does
 * one part of the work.
 */
@NullMarked
package dev.chowder.operate;

import org.jspecify.annotations.NullMarked;
