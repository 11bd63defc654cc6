package dev.chowder.organization;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/** How many instances an organization may have at once. Written in the journal by its label. */
public enum Tier {
  SHRIMP(OptionalInt.of(1)),
  CRAB(OptionalInt.of(10)),
  LOBSTER(OptionalInt.of(500)),
  WHALE(OptionalInt.empty());

  private final OptionalInt limit;

  Tier(OptionalInt limit) {
    this.limit = limit;
  }

  /** Empty: unlimited. */
  public OptionalInt limit() {
    return limit;
  }

  /** As REST and the journal write it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<Tier> ofLabel(String label) {
    return Arrays.stream(values()).filter(tier -> tier.label().equals(label)).findFirst();
  }
}
