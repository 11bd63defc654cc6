package dev.chowder.openclaw.config;

/**
 * The reason why overrides are rejected. Never has a caller's value, which may be a secret.
 *
 * @param path as a dotted key; empty for the whole object
 * @param problem in the form {@code must RULE; got VALUE}
 */
public record OverrideRefusal(String path, String problem) {}
