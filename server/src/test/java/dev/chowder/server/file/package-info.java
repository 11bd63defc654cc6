/** Tests of how files come and go that need no server. */
@NullMarked
package dev.chowder.server.file;

import org.jspecify.annotations.NullMarked;
