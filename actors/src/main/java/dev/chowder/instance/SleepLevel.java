package dev.chowder.instance;

import dev.chowder.base.Labelled;

/** How much of a stopped gateway is left. A start is faster from an earlier level. */
public enum SleepLevel implements Labelled {
  /** The gateway's processes are frozen in memory. A start thaws them. */
  FROZEN,
  /** The memory of the frozen processes is in swap. A start reads it back. */
  PAGED_OUT,
  /** No process is left. A start boots the gateway. */
  OFF;

  /** Returns whether less of the gateway is left than at the other level. */
  public boolean isDeeperThan(SleepLevel other) {
    return compareTo(other) > 0;
  }

  /** Returns the level of a stored name. An empty name means {@link #OFF}. */
  public static SleepLevel ofLabel(String label) {
    return label.isEmpty()
        ? OFF
        : Labelled.find(SleepLevel.class, label)
            .orElseThrow(() -> new IllegalArgumentException("sleep level: " + label));
  }
}
