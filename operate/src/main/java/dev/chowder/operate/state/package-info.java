/**
 * The state directory of an installation on this machine: its files, its lock and its processes.
 */
@NullMarked
package dev.chowder.operate.state;

import org.jspecify.annotations.NullMarked;
