/** Replaces the master key of a running installation. */
@NullMarked
package dev.chowder.operate.admin.key;

import org.jspecify.annotations.NullMarked;
