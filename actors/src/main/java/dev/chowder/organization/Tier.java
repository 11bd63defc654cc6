package dev.chowder.organization;

import dev.chowder.base.Labelled;
import java.util.Optional;
import java.util.OptionalInt;

/** A tier: the maximum number of instances of an organization. The journal stores its label. */
public enum Tier implements Labelled {
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

  public static Optional<Tier> ofLabel(String label) {
    return Labelled.find(Tier.class, label);
  }
}
