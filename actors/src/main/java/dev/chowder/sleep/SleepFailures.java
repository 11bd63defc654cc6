package dev.chowder.sleep;

import dev.chowder.base.Labelled;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Counts failed steps of sleep: freezes, page-outs, wakes, and checks of databases after a wake.
 */
public final class SleepFailures {
  /** A failed step and its reason. */
  public enum Failure {
    /** The gateway did not finish its work in time, and was ended instead. */
    FREEZE_BUSY(Step.FREEZE, "busy"),
    /** The host cannot freeze the gateway, which was ended instead. */
    FREEZE_REFUSED(Step.FREEZE, "refused"),
    /** Most of the memory stayed resident. */
    PAGE_OUT_RESIDENT(Step.PAGE_OUT, "resident"),
    /** The gateway ran, because something continued it. */
    PAGE_OUT_RUNNING(Step.PAGE_OUT, "running"),
    /** No process was left. */
    PAGE_OUT_GONE(Step.PAGE_OUT, "gone"),
    /** No process was left, or a boot would start a different one. The gateway was booted. */
    WAKE_NOT_THAWED(Step.WAKE, "not_thawed"),
    /** The gateway did not take messages in time, and was booted. */
    WAKE_NO_RESPONSE(Step.WAKE, "no_response"),
    /** The wake failed with an error, and the gateway was booted. */
    WAKE_ERROR(Step.WAKE, "error"),
    /** The gateway could not use its databases, and was ended. */
    DATABASE_CHECK_UNUSABLE(Step.DATABASE_CHECK, "unusable"),
    /** No check had a result. */
    DATABASE_CHECK_UNKNOWN(Step.DATABASE_CHECK, "unknown");

    private final Step step;
    private final String reason;

    Failure(Step step, String reason) {
      this.step = step;
      this.reason = reason;
    }
  }

  private enum Step implements Labelled {
    FREEZE,
    PAGE_OUT,
    WAKE,
    DATABASE_CHECK
  }

  private final MeterRegistry metrics;

  /** Registers all counters, so that the first failure is an increase. */
  public SleepFailures(MeterRegistry metrics) {
    this.metrics = metrics;
    for (var failure : Failure.values()) counter(failure);
  }

  public void count(Failure failure) {
    counter(failure).increment();
  }

  private Counter counter(Failure failure) {
    return Counter.builder("chowder.sleep.failures")
        .description("Failed steps of sleep")
        .tag("step", failure.step.label())
        .tag("reason", failure.reason)
        .register(metrics);
  }
}
