/**
 * Runs the commands of documents on the Compose project of a release. Does not know what they must
 * result in.
 */
@NullMarked
package dev.chowder.checks.compose;

import org.jspecify.annotations.NullMarked;
