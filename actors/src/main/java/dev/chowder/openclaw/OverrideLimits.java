package dev.chowder.openclaw;

/**
 * How much configuration one instance may bring along.
 *
 * @param maxBytes of the kept overrides as JSON text in UTF-8
 * @param maxDepth how many objects and arrays may lie in one another, the outermost included
 */
public record OverrideLimits(int maxBytes, int maxDepth) {}
