/** Creates the first organization and its key. */
@NullMarked
package dev.chowder.installation.organization;

import org.jspecify.annotations.NullMarked;
