/**
 * Creates instances, from a pool member or from nothing. Reserves first and creates last, so that a
 * crash leaves at most an unused slot and unused secrets. Does not know requests or gRPC.
 */
@NullMarked
package dev.chowder.creation;

import org.jspecify.annotations.NullMarked;
