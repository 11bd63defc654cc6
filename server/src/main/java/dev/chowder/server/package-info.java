/** The server process: its settings, its ports, and what every call passes through. */
@NullMarked
package dev.chowder.server;

import org.jspecify.annotations.NullMarked;
