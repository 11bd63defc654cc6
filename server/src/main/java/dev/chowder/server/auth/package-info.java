/**
 * Authenticates and authorizes calls: finds the organization of a bearer key. Does not know how
 * keys are stored.
 */
@NullMarked
package dev.chowder.server.auth;

import org.jspecify.annotations.NullMarked;
