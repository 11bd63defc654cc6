/** How a use of the client fails. Does not know HTTP. */
@NullMarked
package dev.chowder.client.failure;

import org.jspecify.annotations.NullMarked;
