/** Commands for scripts that build, test and release Chowder. */
@NullMarked
package dev.chowder.installation.developer;

import org.jspecify.annotations.NullMarked;
