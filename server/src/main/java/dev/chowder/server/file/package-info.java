/**
 * Serves {@code FileService}: reads and writes the files of agents' workspaces through the sandbox
 * engine. Does not know any container engine, or any folder outside of the workspace.
 */
@NullMarked
package dev.chowder.server.file;

import org.jspecify.annotations.NullMarked;
