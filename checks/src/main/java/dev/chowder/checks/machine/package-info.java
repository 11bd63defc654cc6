/**
 * A virtual machine of Debian packages, in which checks run programs as root. Does not know what
 * runs in it.
 */
@NullMarked
package dev.chowder.checks.machine;

import org.jspecify.annotations.NullMarked;
