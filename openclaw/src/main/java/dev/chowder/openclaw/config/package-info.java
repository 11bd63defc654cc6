/**
 * The configuration of OpenClaw: its file, its schema, the settings that Chowder owns, and the
 * overrides and channels of callers. Pure; does not know gateways, and reads and writes no file.
 */
@NullMarked
package dev.chowder.openclaw.config;

import org.jspecify.annotations.NullMarked;
