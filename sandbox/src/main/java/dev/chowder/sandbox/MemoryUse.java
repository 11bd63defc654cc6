package dev.chowder.sandbox;

/**
 * Memory of a main process, in bytes.
 *
 * @param residentBytes bytes in the host's memory, without file contents that the kernel can drop
 * @param swappedBytes bytes in the host's swap, before compression; 0 if the engine cannot tell
 */
public record MemoryUse(long residentBytes, long swappedBytes) {}
