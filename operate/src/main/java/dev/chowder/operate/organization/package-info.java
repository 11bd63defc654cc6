/** Creates the first organization and its key. */
@NullMarked
package dev.chowder.operate.organization;

import org.jspecify.annotations.NullMarked;
