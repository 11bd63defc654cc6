package dev.chowder.sandbox;

/**
 * What one sandbox may use. An engine limits its processes and its home volume to it.
 *
 * @param memoryBytes memory of a process, without swap
 * @param nanoCpus CPU of a process, in billionths of a CPU
 * @param processes maximum number of processes and threads
 * @param diskBytes maximum size of a new home volume; 0 sets no limit. Ignored by an engine whose
 *     disk has no quotas
 */
public record SandboxResources(long memoryBytes, long nanoCpus, long processes, long diskBytes) {}
