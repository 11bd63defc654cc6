/** Interceptors and checks that all services share: limits, headers and forms of fields. */
@NullMarked
package dev.chowder.server.call;

import org.jspecify.annotations.NullMarked;
