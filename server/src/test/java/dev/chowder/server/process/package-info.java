/** Starting the server as a process, for all tests that end it in ways in which no JVM ends. */
@NullMarked
package dev.chowder.server.process;

import org.jspecify.annotations.NullMarked;
