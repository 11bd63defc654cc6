/**
 * The agents of the first organization: the first one, and those that a stop of the installation
 * stopped.
 */
@NullMarked
package dev.chowder.operate.agent;

import org.jspecify.annotations.NullMarked;
