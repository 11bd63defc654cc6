package dev.chowder.e2e;

import java.time.Duration;

/**
 * How long these tests wait at most; some ten times what a quiet machine needs, since nothing here
 * is a measurement.
 */
final class Limits {
  /** From POST to running. */
  static final Duration PROVISIONING = Duration.ofMinutes(6);

  /** One start or stop, one answer of an agent. */
  static final Duration STEP = Duration.ofMinutes(3);

  /** What has no OpenClaw in it. */
  static final Duration QUICK = Duration.ofSeconds(40);

  private Limits() {}
}
