package dev.chowder.openclaw.config;

/**
 * The limits of the overrides of one instance.
 *
 * @param maxBytes maximum bytes of the stored overrides as JSON text in UTF-8
 * @param maxDepth maximum nesting of objects and arrays, including the outermost one
 * @param maxValues maximum number of values, including objects and arrays
 */
public record OverrideLimits(int maxBytes, int maxDepth, int maxValues) {}
