package dev.chowder.effect;

import dev.chowder.base.FairSemaphore;
import dev.chowder.instance.Stage;

/** Permits for tries on this node, by what a try does. Organizations get permits in turn. */
final class EffectPermits {
  private final FairSemaphore general;
  private final FairSemaphore boots;
  private final FairSemaphore wakes;

  EffectPermits(EffectSettings settings, BootPermits boots) {
    this.general = new FairSemaphore(settings.maxConcurrent());
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

  /**
   * Returns the permits for a stage. It may start OpenClaw, which takes up to 10 s of a processor
   * and waits for the disk in between. The stage {@code onboard} does so if the image has no
   * onboarded configuration.
   */
  FairSemaphore of(Stage stage) {
    return stage == Stage.ONBOARD || stage == Stage.START_GATEWAY ? boots : general;
  }

  int waiting() {
    return general.waiting() + boots.waiting() + wakes.waiting();
  }

  int taken() {
    return general.taken() + boots.taken() + wakes.taken();
  }
}
