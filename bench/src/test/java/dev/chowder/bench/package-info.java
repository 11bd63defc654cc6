/** Tests of the benches' own parts. */
@NullMarked
package dev.chowder.bench;

import org.jspecify.annotations.NullMarked;
