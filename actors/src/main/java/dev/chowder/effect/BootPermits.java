package dev.chowder.effect;

import dev.chowder.base.FairSemaphore;

/**
 * Permits for boots on this node. The effect runner takes them, and the admission of memory counts
 * the gateways that boot or wait to boot.
 */
public final class BootPermits {
  private final FairSemaphore permits;

  public BootPermits(EffectSettings settings) {
    this.permits = new FairSemaphore(settings.maxConcurrentBoots());
  }

  /** Returns the number of agents that boot on this node or wait for a permit to boot. */
  public int booting() {
    return permits.waiting() + permits.taken();
  }

  FairSemaphore permits() {
    return permits;
  }
}
