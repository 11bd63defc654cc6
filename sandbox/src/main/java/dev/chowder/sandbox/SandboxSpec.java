package dev.chowder.sandbox;

/**
 * The sandbox to create.
 *
 * @param generation generation of its home directory; 0 for a directory without a label
 */
public record SandboxSpec(
    SandboxId id,
    String organizationId,
    String snapshot,
    int generation,
    SandboxResources resources) {}
