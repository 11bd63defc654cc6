package dev.chowder.simulator;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.simulator.FakeScript.Verb;
import java.time.Duration;

/** Pauses of calls, and how a call ends that takes too long. */
final class FakePause {
  private FakePause() {}

  static SandboxException timedOut(String what, Duration limit) {
    return new SandboxException(
        Reason.TIMED_OUT,
        cannot(what, "it did not end within " + limit.toMillis() + " ms and was killed"));
  }

  static void take(Verb verb, Duration delay) {
    if (Thread.currentThread().isInterrupted()) {
      throw interrupted(verb, new InterruptedException());
    }
    if (delay.isPositive()) {
      try {
        Thread.sleep(delay);
      } catch (InterruptedException stop) {
        throw interrupted(verb, stop);
      }
    }
  }

  static SandboxException interrupted(Verb verb, InterruptedException stop) {
    Thread.currentThread().interrupt();
    return new SandboxException(
        Reason.INTERRUPTED, cannot("complete " + verb, "the call was interrupted"), stop);
  }
}
