/** Starts the installation after a reboot. */
@NullMarked
package dev.chowder.operate.boot;

import org.jspecify.annotations.NullMarked;
