package dev.chowder.openclaw.config;

/** The result of checking new overrides. */
public sealed interface OverrideVerdict {
  /** The overrides are valid; the caller stores the ledger. */
  record Accepted(OverrideLedger ledger) implements OverrideVerdict {}

  /** The overrides are not valid; nothing changed. */
  record Refused(OverrideRefusal why) implements OverrideVerdict {}
}
