/** Tests of engines in other processes. The simulator runs the contracts of engines. */
@NullMarked
package dev.chowder.remote;

import org.jspecify.annotations.NullMarked;
