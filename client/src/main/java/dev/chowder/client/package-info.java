/**
 * The Java client of a Chowder server: calls of REST with their repetitions, errors, pages and
 * streams.
 */
@NullMarked
package dev.chowder.client;

import org.jspecify.annotations.NullMarked;
