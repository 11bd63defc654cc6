/**
 * Sandboxes on a Docker Engine. Only this package uses docker-java. It does not know what runs in a
 * sandbox.
 */
@NullMarked
package dev.chowder.sandbox.docker;

import org.jspecify.annotations.NullMarked;
