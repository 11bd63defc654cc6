/** Organizations at the edge: from request to command, and from what is known to an answer. */
@NullMarked
package dev.chowder.server.organization;

import org.jspecify.annotations.NullMarked;
