package dev.chowder.instance;

/** How the current attempt of a running gateway came to run. */
public enum ServedBy {
  /** It was provisioned stage by stage. */
  COLD("cold"),
  /** It was provisioned before the create that claimed it from the pool. */
  POOL("pool"),
  /** It was booted in its existing home volume. */
  BOOT("boot"),
  /** Its frozen processes were thawed. */
  THAW("thaw"),
  /** Its processes were thawed after their memory had been in swap. */
  PAGE_IN("page_in");

  private final String label;

  ServedBy(String label) {
    this.label = label;
  }

  /** Returns the name in the API and in the journal. */
  public String label() {
    return label;
  }

  /** Returns how a start from this sleep was served. */
  static ServedBy of(Sleep woken) {
    return switch (woken.level()) {
      case FROZEN -> THAW;
      case PAGED_OUT -> PAGE_IN;
      case OFF -> BOOT;
    };
  }

  static ServedBy ofLabel(String label) {
    for (var one : values()) {
      if (one.label.equals(label)) return one;
    }
    throw new IllegalArgumentException("served by: " + label);
  }
}
