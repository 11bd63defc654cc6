/** Checks and converts fields of requests that several services have. Does not know a service. */
@NullMarked
package dev.chowder.server.request;

import org.jspecify.annotations.NullMarked;
