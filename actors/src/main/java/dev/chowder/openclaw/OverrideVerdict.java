package dev.chowder.openclaw;

/** What came of new overrides. */
public sealed interface OverrideVerdict {
  /** They are in order; this is to be kept. */
  record Accepted(OverrideLedger ledger) implements OverrideVerdict {}

  /** They are not; nothing changed. */
  record Refused(OverrideRefusal why) implements OverrideVerdict {}
}
