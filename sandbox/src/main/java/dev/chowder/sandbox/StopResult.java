package dev.chowder.sandbox;

/** The result of a stop. */
public record StopResult(boolean wasRunning, boolean killed, int exitCode) {}
