/**
 * Sandboxes on a Docker Engine. The only package that knows docker-java; knows nothing of what runs
 * inside a sandbox.
 */
@NullMarked
package dev.chowder.sandbox.docker;

import org.jspecify.annotations.NullMarked;
