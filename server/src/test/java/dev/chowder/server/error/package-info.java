/** Tests of the errors that callers see. */
@NullMarked
package dev.chowder.server.error;

import org.jspecify.annotations.NullMarked;
