/** The server process: its settings, its ports and the checks of every call. */
@NullMarked
package dev.chowder.server;

import org.jspecify.annotations.NullMarked;
