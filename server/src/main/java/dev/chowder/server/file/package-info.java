/**
 * {@code FileService}: the files of an agent's workspace, read and written through the sandbox
 * driver. Knows no engine and no other folder.
 */
@NullMarked
package dev.chowder.server.file;

import org.jspecify.annotations.NullMarked;
