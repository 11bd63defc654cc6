/** Tests the effects of instances. */
@NullMarked
package dev.chowder.effect;

import org.jspecify.annotations.NullMarked;
