package dev.chowder.sandbox;

/** Reports that a sandbox's main process ended or vanished. */
public record SandboxEvent(SandboxId id, String what) {}
