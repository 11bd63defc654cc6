/** This process as one of equal nodes. Knows neither instances nor organizations. */
@NullMarked
package dev.chowder.cluster;

import org.jspecify.annotations.NullMarked;
