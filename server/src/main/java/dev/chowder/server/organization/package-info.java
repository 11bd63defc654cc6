/** Services of organizations: turn requests into commands, and views into responses. */
@NullMarked
package dev.chowder.server.organization;

import org.jspecify.annotations.NullMarked;
