/** Commands for scripts that build, test and release Chowder. */
@NullMarked
package dev.chowder.operate.developer;

import org.jspecify.annotations.NullMarked;
