/** Tests of the server as a whole. */
@NullMarked
package dev.chowder.server.call;

import org.jspecify.annotations.NullMarked;
