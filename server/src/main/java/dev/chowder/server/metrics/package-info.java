/** What operators read as figures. Knows how figures are kept and printed, not what they mean. */
@NullMarked
package dev.chowder.server.metrics;

import org.jspecify.annotations.NullMarked;
