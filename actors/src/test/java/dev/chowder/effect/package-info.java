/** Tests of what instances owe. */
@NullMarked
package dev.chowder.effect;

import org.jspecify.annotations.NullMarked;
