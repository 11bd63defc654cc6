package dev.chowder.e2e;

import java.time.Duration;

/**
 * The longest waits of these tests. They are about ten times what an idle machine needs, since no
 * test here measures time.
 */
final class Limits {
  /** From POST to running, and from the loss of a gateway to its next start. */
  static final Duration PROVISIONING = Duration.ofMinutes(6);

  /** One start, one stop, or one message. */
  static final Duration STEP = Duration.ofMinutes(3);

  /** Anything that does not involve OpenClaw. */
  static final Duration QUICK = Duration.ofSeconds(40);

  private Limits() {}
}
