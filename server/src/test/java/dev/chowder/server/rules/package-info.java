/** Tests of the rules of fields. */
@NullMarked
package dev.chowder.server.rules;

import org.jspecify.annotations.NullMarked;
