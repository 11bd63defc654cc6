/** Contexts: the servers that a user works with and their keys. Does not know HTTP. */
@NullMarked
package dev.chowder.client.context;

import org.jspecify.annotations.NullMarked;
