package dev.chowder.sandbox;

import java.util.List;

/**
 * A command that ends by itself.
 *
 * @param files files that are written before it starts, with paths relative to the home directory
 */
public record TaskSpec(
    String snapshot,
    String organizationId,
    List<String> command,
    List<SandboxFile> files,
    SandboxResources resources) {}
