/** Runs scripts and servers as processes, for tests that end them in ways that a JVM cannot. */
@NullMarked
package dev.chowder.server.process;

import org.jspecify.annotations.NullMarked;
