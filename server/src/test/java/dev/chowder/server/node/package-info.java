/** A whole node in the test's own process, on played sandboxes whose host can be told to fail. */
@NullMarked
package dev.chowder.server.node;

import org.jspecify.annotations.NullMarked;
