package dev.chowder.organization;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/** A tier: the maximum number of instances of an organization. The journal stores its label. */
public enum Tier {
  SHRIMP(OptionalInt.of(1)),
  CRAB(OptionalInt.of(10)),
  LOBSTER(OptionalInt.of(500)),
  WHALE(OptionalInt.empty());

  private final OptionalInt limit;

  Tier(OptionalInt limit) {
    this.limit = limit;
  }

  /** Returns the maximum number of instances; empty if unlimited. */
  public OptionalInt limit() {
    return limit;
  }

  /** Returns the name in REST and in the journal. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<Tier> ofLabel(String label) {
    return Arrays.stream(values()).filter(tier -> tier.label().equals(label)).findFirst();
  }
}
