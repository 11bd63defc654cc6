/**
 * Interceptors that every call passes, and what they share: headers, limits of open calls and of
 * messages. Does not know a service.
 */
@NullMarked
package dev.chowder.server.call;

import org.jspecify.annotations.NullMarked;
