/** Calls this installation over HTTP. Does not know the API. */
@NullMarked
package dev.chowder.operate.http;

import org.jspecify.annotations.NullMarked;
