/**
 * Provides the programs of others that tests need: it finds, builds or installs them. Does not know
 * what tests do with them.
 */
@NullMarked
package dev.chowder.testprogram;

import org.jspecify.annotations.NullMarked;
