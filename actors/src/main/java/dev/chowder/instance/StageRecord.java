package dev.chowder.instance;

import java.time.Instant;

/**
 * What became of one stage.
 *
 * @param durationMs in milliseconds
 * @param note what was worth knowing; empty when nothing was
 */
public record StageRecord(
    Stage stage, Outcome outcome, Instant startedAt, int durationMs, String note) {
  /** How a stage ended. */
  public enum Outcome {
    /** It was done now. */
    EXECUTED,
    /** It had been done earlier. */
    PREPARED,
    /** There was nothing to do. */
    SKIPPED,
    /** It failed. */
    FAILED
  }
}
