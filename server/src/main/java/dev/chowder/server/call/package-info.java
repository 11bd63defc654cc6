/** What every call passes through whichever service it is for: size, form, success status. */
@NullMarked
package dev.chowder.server.call;

import org.jspecify.annotations.NullMarked;
