/** What operators may ask and order, on a port of its own behind a token of its own. */
@NullMarked
package dev.chowder.server.operator;

import org.jspecify.annotations.NullMarked;
