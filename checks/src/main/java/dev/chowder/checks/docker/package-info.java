/** The Docker Engine of this machine, and images for it. Does not know Chowder's services. */
@NullMarked
package dev.chowder.checks.docker;

import org.jspecify.annotations.NullMarked;
