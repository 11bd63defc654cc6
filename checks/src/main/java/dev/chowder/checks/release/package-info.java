/**
 * Builds releases for checks, and uses one as on a machine without a JDK and Maven. Does not know
 * the content of a release.
 */
@NullMarked
package dev.chowder.checks.release;

import org.jspecify.annotations.NullMarked;
