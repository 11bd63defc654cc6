package dev.chowder.sandbox;

/**
 * Names the home volume of an instance, as its journal knows it.
 *
 * @param sandbox the sandbox that has the volume
 * @param generation generation of the volume
 */
public record HomeRef(SandboxRef sandbox, int generation) {}
