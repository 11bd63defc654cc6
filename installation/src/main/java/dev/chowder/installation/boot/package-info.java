/** Starts the installation after a reboot. */
@NullMarked
package dev.chowder.installation.boot;

import org.jspecify.annotations.NullMarked;
