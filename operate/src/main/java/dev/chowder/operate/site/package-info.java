/**
 * One installation on this machine: its folders, its variables and the messages of its commands.
 * Starts nothing.
 */
@NullMarked
package dev.chowder.operate.site;

import org.jspecify.annotations.NullMarked;
