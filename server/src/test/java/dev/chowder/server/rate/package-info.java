/** Tests of limits that apply to every call. */
@NullMarked
package dev.chowder.server.rate;

import org.jspecify.annotations.NullMarked;
