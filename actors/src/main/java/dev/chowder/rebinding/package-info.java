/**
 * Knows the hosts of sandboxes, and rebinds those whose home volumes were moved. Does not know how
 * volumes are moved.
 */
@NullMarked
package dev.chowder.rebinding;

import org.jspecify.annotations.NullMarked;
