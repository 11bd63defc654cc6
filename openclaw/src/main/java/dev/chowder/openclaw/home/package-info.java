/**
 * The files of OpenClaw in a home volume, and its command lines. Does not know what the files
 * contain.
 */
@NullMarked
package dev.chowder.openclaw.home;

import org.jspecify.annotations.NullMarked;
