package dev.chowder.sandbox;

/** The result of a task; {@code output} is the tail of stdout and stderr, at most 16 KiB. */
public record TaskResult(int exitCode, boolean outOfMemory, String output) {}
