/** Tests of limits that apply to every call. */
@NullMarked
package dev.chowder.server.call;

import org.jspecify.annotations.NullMarked;
