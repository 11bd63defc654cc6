package dev.chowder.sandbox;

/**
 * The host's memory and swap, in bytes, and how much its tasks wait for memory.
 *
 * @param totalBytes memory of the host
 * @param availableBytes how much of it a new process could use without swapping
 * @param swapFreeBytes free swap; 0 if there is none or if the engine cannot tell
 * @param compressedBytes memory that compressed swap takes, which the end of a paged-out process
 *     frees; 0 if the host has no such swap
 * @param stalledPercent share of the last 10 s, in percent, in which all tasks of the host waited
 *     for memory; 0 if the engine cannot tell
 */
public record HostCapacity(
    long totalBytes,
    long availableBytes,
    long swapFreeBytes,
    long compressedBytes,
    double stalledPercent) {}
