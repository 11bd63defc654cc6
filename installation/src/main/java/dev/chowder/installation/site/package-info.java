/**
 * One installation on this machine: its folders, its variables and the messages of its commands.
 * Starts nothing.
 */
@NullMarked
package dev.chowder.installation.site;

import org.jspecify.annotations.NullMarked;
