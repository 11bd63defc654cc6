/** Tests of file transfers without a server. */
@NullMarked
package dev.chowder.server.file;

import org.jspecify.annotations.NullMarked;
