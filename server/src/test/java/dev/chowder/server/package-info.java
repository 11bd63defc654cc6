/** Tests of the server as a whole. */
@NullMarked
package dev.chowder.server;

import org.jspecify.annotations.NullMarked;
