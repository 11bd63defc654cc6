package dev.chowder.instance;

import java.time.Instant;

/**
 * The result of one stage.
 *
 * @param durationMs duration in milliseconds
 * @param note a remark for the user; empty if there is none
 */
public record StageRecord(
    Stage stage, Outcome outcome, Instant startedAt, int durationMs, String note) {
  /** The outcome of a stage. */
  public enum Outcome {
    /** The stage ran. */
    EXECUTED,
    /** An earlier step had already done the work. */
    PREPARED,
    /** The stage had nothing to do. */
    SKIPPED,
    /** The stage failed. */
    FAILED
  }
}
