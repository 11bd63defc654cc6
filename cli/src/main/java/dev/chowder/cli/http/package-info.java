/** A client of REST: calls, repetitions, errors and streams. Does not know the API's resources. */
@NullMarked
package dev.chowder.cli.http;

import org.jspecify.annotations.NullMarked;
