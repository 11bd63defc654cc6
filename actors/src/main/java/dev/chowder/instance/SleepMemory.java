package dev.chowder.instance;

/**
 * The memory of a sleeping gateway when it reached its level.
 *
 * @param residentBytes bytes in the host's memory
 * @param swappedBytes bytes in the host's swap, before compression
 */
public record SleepMemory(long residentBytes, long swappedBytes) {
  /** The memory of a gateway without processes, or one that could not be measured. */
  public static final SleepMemory NONE = new SleepMemory(0, 0);
}
