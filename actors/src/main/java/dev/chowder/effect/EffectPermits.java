package dev.chowder.effect;

import dev.chowder.base.FairSemaphore;

/** Permits for tries on this node, by what a try does. Organizations get permits in turn. */
final class EffectPermits {
  private final FairSemaphore general;
  private final FairSemaphore boots;
  private final FairSemaphore wakes;

  EffectPermits(EffectSettings settings, BootPermits boots) {
    // A hung container makes each call about it wait, and the calls of one organization may be
    // many.
    this.general = new FairSemaphore(settings.maxConcurrent(), settings.maxConcurrent() / 4);
    this.boots = boots.permits();
    // A wake may hang for minutes, and most others take less than a second.
    int wakesAtOnce = settings.sleep().maxConcurrentWakes();
    this.wakes = new FairSemaphore(wakesAtOnce, wakesAtOnce / 2);
  }

  /** Returns the permits for everything that starts no OpenClaw. */
  FairSemaphore general() {
    return general;
  }

  FairSemaphore wakes() {
    return wakes;
  }

  /** Returns the permits for a start of OpenClaw, which takes up to 10 s of a processor. */
  FairSemaphore boots() {
    return boots;
  }

  int waiting() {
    return general.waiting() + boots.waiting() + wakes.waiting();
  }

  int taken() {
    return general.taken() + boots.taken() + wakes.taken();
  }
}
