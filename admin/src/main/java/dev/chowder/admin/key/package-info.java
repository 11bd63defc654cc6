/** Replaces the master key of a running installation. */
@NullMarked
package dev.chowder.admin.key;

import org.jspecify.annotations.NullMarked;
