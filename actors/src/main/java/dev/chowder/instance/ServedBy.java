package dev.chowder.instance;

import dev.chowder.base.Labelled;

/** How the current attempt of a running gateway came to run. */
public enum ServedBy implements Labelled {
  /** It was provisioned stage by stage. */
  COLD,
  /** It was provisioned before the create that claimed it from the pool. */
  POOL,
  /** It was booted in its existing home volume. */
  BOOT,
  /** Its frozen processes were thawed. */
  THAW,
  /** Its processes were thawed after their memory had been in swap. */
  PAGE_IN;

  /** Returns how a start from this sleep was served. */
  static ServedBy of(Sleep woken) {
    return switch (woken.level()) {
      case FROZEN -> THAW;
      case PAGED_OUT -> PAGE_IN;
      case OFF -> BOOT;
    };
  }

  static ServedBy ofLabel(String label) {
    return Labelled.find(ServedBy.class, label)
        .orElseThrow(() -> new IllegalArgumentException("served by: " + label));
  }
}
