package dev.chowder.instance;

/** How much of a stopped gateway is left. A start is faster from an earlier level. */
public enum SleepLevel {
  /** The gateway's processes are frozen in memory. A start thaws them. */
  FROZEN("frozen"),
  /** The memory of the frozen processes is in swap. A start reads it back. */
  PAGED_OUT("paged_out"),
  /** No process is left. A start boots the gateway. */
  OFF("off");

  private final String label;

  SleepLevel(String label) {
    this.label = label;
  }

  /** Returns the name in the API and in the journal. */
  public String label() {
    return label;
  }

  /** Returns whether less of the gateway is left than at the other level. */
  public boolean isDeeperThan(SleepLevel other) {
    return compareTo(other) > 0;
  }

  /** Returns the level of a stored name. An empty name means {@link #OFF}. */
  public static SleepLevel ofLabel(String label) {
    for (var level : values()) {
      if (level.label.equals(label)) return level;
    }
    if (label.isEmpty()) return OFF;
    throw new IllegalArgumentException("sleep level: " + label);
  }
}
