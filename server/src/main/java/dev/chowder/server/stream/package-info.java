/**
 * Responses that consist of many messages: one virtual thread for each, which blocks while the
 * caller cannot take more. Does not know what is sent.
 */
@NullMarked
package dev.chowder.server.stream;

import org.jspecify.annotations.NullMarked;
